'use client';

import type { MeView } from '@markco/core/contract/auth';
import { useId } from 'react';
import { trpc } from '../../data/trpc.ts';
import { useDevices } from '../../data/use-devices.ts';
import { fieldClass } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Card } from '../../ui/page.tsx';
import { Switch } from '../../ui/switch.tsx';

type Target = MeView['settings']['defaultTarget'];

const optionOf = (target: Target): string => (target === null ? '' : target.kind === 'cloud' ? 'cloud' : target.deviceId);
const targetOf = (value: string): Target =>
  value === '' ? null : value === 'cloud' ? { kind: 'cloud' } : { kind: 'device', deviceId: value };

/** RU5: where runs go when nothing else says so, and whether the cloud may step in. */
export function RunSettings({ me }: { me: MeView }) {
  const id = useId();
  const utils = trpc.useUtils();
  const devices = useDevices().list ?? [];
  const update = trpc.auth.updateSettings.useMutation({ onSuccess: (next) => utils.auth.me.setData(undefined, next) });
  const { fallbackToCloud, defaultTarget } = me.settings;
  return (
    <Card>
      <h2 className="mb-4 text-lg font-medium">Runs</h2>
      <div className="grid grid-cols-1 gap-5">
        <Switch
          label="Run in the cloud when my computer is away"
          hint="Off: runs wait for the computer, for a day at most."
          checked={fallbackToCloud}
          busy={update.isPending}
          onChange={(next) => update.mutate({ fallbackToCloud: next })}
        />
        <div className="grid grid-cols-1 gap-1.5">
          <label htmlFor={id} className="text-sm font-medium">
            Run on
          </label>
          <select
            id={id}
            className={fieldClass}
            value={optionOf(defaultTarget)}
            onChange={({ target }) => update.mutate({ defaultTarget: targetOf(target.value) })}
          >
            <option value="">The computer that fits best</option>
            <option value="cloud">The cloud</option>
            {devices
              .filter(({ kind }) => kind !== 'worker')
              .map((device) => (
                <option key={device.id} value={device.id}>
                  {device.name}
                </option>
              ))}
          </select>
          <p className="text-sm text-muted">A document’s own choice wins, and a session stays where its variables are.</p>
        </div>
        {update.error ? <Notice kind="danger">{errorText(update.error)}</Notice> : null}
      </div>
    </Card>
  );
}
