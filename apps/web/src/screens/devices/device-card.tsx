'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import type { DeviceView, RuntimeInfo } from '@markco/core/device/device';
import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Link } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { PresenceDot } from '../../ui/presence-dot.tsx';
import { Switch } from '../../ui/switch.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { RenameDevice } from './rename-device.tsx';
import { RevokeDevice } from './revoke-device.tsx';

const PLATFORMS: Record<string, string> = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' };

/** A device: whether it is there, what it can run, which projects it holds, and what it may do. */
export function DeviceCard({ device, live, projects }: { device: DeviceView; live: boolean; projects: readonly ProjectView[] }) {
  const utils = trpc.useUtils();
  const [asking, setAsking] = useState<'rename' | 'revoke' | null>(null);
  const allow = trpc.devices.setAllowRuns.useMutation({ onSettled: () => utils.devices.list.invalidate() });
  const held = projects.filter(({ id }) => device.projectIds.includes(id));
  return (
    <article
      data-testid="device-card"
      data-device={device.id}
      className="grid grid-cols-1 gap-3 rounded-card border border-line bg-raised p-4 shadow-card"
    >
      <div className="flex flex-wrap items-start justify-between gap-x-3 gap-y-1">
        <div className="min-w-0">
          <h2 className="text-lg font-medium break-words">{device.name}</h2>
          <p className="text-sm text-muted">
            {PLATFORMS[device.platform] ?? device.platform}
            {device.agentVersion ? ` · MarkCo ${device.agentVersion}` : ''}
          </p>
        </div>
        <div className="text-right text-sm" data-testid="device-presence" data-presence={live ? device.presence : 'unknown'}>
          <PresenceDot words presence={live ? device.presence : null} />
          {device.presence !== 'online' && device.lastSeenAt ? (
            <p className="text-muted">
              seen <TimeAgo at={device.lastSeenAt} />
            </p>
          ) : null}
        </div>
      </div>
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 text-sm">
        <dt className="text-muted">Can run</dt>
        <dd>{runtimesText(device.runtimes)}</dd>
        <dt className="text-muted">Holds</dt>
        <dd className="flex flex-wrap gap-x-3">
          {held.length === 0 ? 'No linked projects' : null}
          {held.map(({ id, slug, name }) => (
            <Link key={id} href={projectPath(slug)} className="text-accent underline underline-offset-2">
              {name}
            </Link>
          ))}
        </dd>
      </dl>
      {device.kind === 'worker' ? null : (
        <Switch
          label="Allow runs from my other devices"
          hint="Off: only what is started on it runs on it."
          checked={device.allowRuns}
          busy={allow.isPending}
          onChange={(allowRuns) => allow.mutate({ deviceId: device.id, allowRuns })}
        />
      )}
      {allow.error ? <Notice kind="danger">{errorText(allow.error)}</Notice> : null}
      <div className="flex flex-wrap gap-3">
        <Button onClick={() => setAsking('rename')}>Rename</Button>
        <Button look="danger" onClick={() => setAsking('revoke')}>
          Sign out…
        </Button>
      </div>
      {asking === 'rename' ? <RenameDevice device={device} onClose={() => setAsking(null)} /> : null}
      {asking === 'revoke' ? <RevokeDevice device={device} onClose={() => setAsking(null)} /> : null}
    </article>
  );
}

function runtimesText(runtimes: readonly RuntimeInfo[]): string {
  const labels = new Set(runtimes.filter(({ state }) => state !== 'down').map(({ label, language }) => label || language));
  return labels.size > 0 ? [...labels].join(', ') : 'Nothing yet';
}
