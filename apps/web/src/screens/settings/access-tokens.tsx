'use client';

import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { CopyLine } from '../../ui/copy-line.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Card } from '../../ui/page.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { NewToken } from './new-token.tsx';

/** Personal access tokens: made, shown once, revoked. */
export function AccessTokens() {
  const utils = trpc.useUtils();
  const tokens = trpc.auth.accessTokens.list.useQuery();
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<{ id: string; name: string } | null>(null);
  const refresh = () => utils.auth.accessTokens.list.invalidate();
  const revoke = trpc.auth.accessTokens.revoke.useMutation({ onSuccess: () => void refresh().then(() => setRevoking(null)) });
  return (
    <Card>
      <h2 className="text-lg font-medium">Access tokens</h2>
      <p className="mt-1 mb-4 text-sm text-muted">
        For scripts that call the API in your name. Whoever has one can do what you can do with your documents and runs.
      </p>
      <div className="grid grid-cols-1 gap-4">
        {made ? (
          <Notice kind="ok">
            <p className="mb-2">Copy it now. It is not shown again.</p>
            <CopyLine text={made} label="the token" />
            <Button className="mt-3" onClick={() => setMade(null)}>
              I have it
            </Button>
          </Notice>
        ) : null}
        {tokens.error ? <Notice kind="danger">{errorText(tokens.error)}</Notice> : null}
        <ul className="grid grid-cols-1 gap-2">
          {tokens.data?.map(({ id, name, createdAt, lastUsedAt, expiresAt }) => (
            <li key={id} className="flex flex-wrap items-center justify-between gap-3 text-sm">
              <div className="min-w-0">
                <p className="font-medium break-words">{name}</p>
                <p className="text-muted">
                  made <TimeAgo at={createdAt} /> ·{' '}
                  {lastUsedAt ? (
                    <>
                      used <TimeAgo at={lastUsedAt} />
                    </>
                  ) : (
                    'never used'
                  )}{' '}
                  · {expiresAt ? `valid until ${expiresAt.toLocaleDateString()}` : 'does not expire'}
                </p>
              </div>
              <Button look="danger" onClick={() => setRevoking({ id, name })}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
        <NewToken onMade={(token) => void refresh().then(() => setMade(token))} />
      </div>
      {revoking ? (
        <Confirm
          title={`Revoke “${revoking.name}”?`}
          onClose={() => setRevoking(null)}
          action={
            <Button look="danger" busy={revoke.isPending} onClick={() => revoke.mutate({ id: revoking.id })}>
              Revoke
            </Button>
          }
        >
          <p>What uses it stops working at once.</p>
          {revoke.error ? <Notice kind="danger">{errorText(revoke.error)}</Notice> : null}
        </Confirm>
      ) : null}
    </Card>
  );
}
