'use client';

import type { pkceAuthorizeInput } from '@markco/core/contract/auth';
import { useState } from 'react';
import type { z } from 'zod';
import { trpc } from '../data/trpc.ts';
import { Button } from '../ui/button.tsx';
import { errorText, Notice } from '../ui/notice.tsx';
import { aboutDevice } from './about-device.ts';
import { refusalUri } from './refusal-uri.ts';

/** EL1: names the app and asks; the code goes to the address on this computer that the server has checked. */
export function AuthorizeDevice({ request }: { request: z.output<typeof pkceAuthorizeInput> }) {
  const [refused, setRefused] = useState(false);
  const me = trpc.auth.me.useQuery();
  const authorize = trpc.auth.pkceAuthorize.useMutation({ onSuccess: ({ redirectTo }) => window.location.assign(redirectTo) });
  const refuse = () => {
    setRefused(true);
    const back = refusalUri(request.redirectUri, request.state);
    if (back) window.location.assign(back);
  };
  if (refused) return <Notice>It was not let in. You can close this page.</Notice>;
  if (authorize.data) return <Notice kind="ok">It is connected. You can go back to the app and close this page.</Notice>;
  const who = me.data?.isLocal ? 'you on this computer' : (me.data?.email ?? me.data?.name ?? 'you');
  return (
    <div className="grid grid-cols-1 gap-4 text-sm">
      <p>
        <strong className="text-base" data-testid="device-name">
          {request.name}
        </strong>{' '}
        ({aboutDevice(request)}) wants to sign in as {who}.
      </p>
      <p>It will read and write your documents and run cells for you. Let it in only if you started this.</p>
      {authorize.error ? <Notice kind="danger">{errorText(authorize.error)}</Notice> : null}
      <div className="flex flex-wrap gap-3">
        <Button look="primary" data-testid="device-approve" busy={authorize.isPending} onClick={() => authorize.mutate(request)}>
          Let it in
        </Button>
        <Button look="danger" data-testid="device-deny" onClick={refuse}>
          Refuse
        </Button>
      </div>
    </div>
  );
}
