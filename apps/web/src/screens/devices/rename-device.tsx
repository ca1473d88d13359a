'use client';

import type { DeviceView } from '@markco/core/device/device';
import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';

/** Gives a device another name, everywhere. */
export function RenameDevice({ device, onClose }: { device: DeviceView; onClose(): void }) {
  const utils = trpc.useUtils();
  const [name, setName] = useState(device.name);
  const rename = trpc.devices.rename.useMutation({ onSuccess: () => void utils.devices.list.invalidate().then(onClose) });
  return (
    <Dialog title="Rename the device" onClose={onClose}>
      <form
        className="grid grid-cols-1 gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ deviceId: device.id, name });
        }}
      >
        <Field label="Name" value={name} maxLength={100} required autoComplete="off" onChange={(event) => setName(event.target.value)} />
        {rename.error ? <Notice kind="danger">{errorText(rename.error)}</Notice> : null}
        <Button look="primary" type="submit" className="justify-self-end" busy={rename.isPending} disabled={name.trim() === ''}>
          Rename
        </Button>
      </form>
    </Dialog>
  );
}
