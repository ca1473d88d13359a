'use client';

import type { DeviceView } from '@markco/core/device/device';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';

/** SE2: asks, then signs the device out; its sockets close within two seconds. */
export function RevokeDevice({ device, onClose }: { device: DeviceView; onClose(): void }) {
  const utils = trpc.useUtils();
  const revoke = trpc.devices.revoke.useMutation({
    onSuccess: () => void Promise.all([utils.devices.list.invalidate(), utils.projects.list.invalidate()]).then(onClose),
  });
  return (
    <Confirm
      title={`Sign ${device.name} out?`}
      onClose={onClose}
      action={
        <Button look="danger" data-testid="confirm-revoke" busy={revoke.isPending} onClick={() => revoke.mutate({ deviceId: device.id })}>
          Sign it out
        </Button>
      }
    >
      <p>It can no longer read, write or run anything of yours, and what runs on it now is cut off from here.</p>
      <p className="text-muted">
        Its files stay on it. Signing in on it again brings it back, and edits made there meanwhile are sent then.
      </p>
      {revoke.error ? <Notice kind="danger">{errorText(revoke.error)}</Notice> : null}
    </Confirm>
  );
}
