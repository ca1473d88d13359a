'use client';

import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Card } from '../../ui/page.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';

/** The browsers that are signed in, each with the way out. */
export function Sessions() {
  const utils = trpc.useUtils();
  const sessions = trpc.auth.sessions.list.useQuery();
  const revoke = trpc.auth.sessions.revoke.useMutation({ onSettled: () => utils.auth.sessions.list.invalidate() });
  return (
    <Card>
      <h2 className="mb-3 text-lg font-medium">Signed-in browsers</h2>
      {sessions.error ? <Notice kind="danger">{errorText(sessions.error)}</Notice> : null}
      {revoke.error ? <Notice kind="danger">{errorText(revoke.error)}</Notice> : null}
      <ul className="grid grid-cols-1 gap-2">
        {sessions.data?.map(({ id, current, createdAt, expires }) => (
          <li key={id} className="flex flex-wrap items-center justify-between gap-3 text-sm">
            <p>
              <span className="font-medium">{current ? 'This browser' : 'A browser'}</span>
              <span className="text-muted">
                {createdAt ? (
                  <>
                    {' '}
                    · signed in <TimeAgo at={createdAt} />
                  </>
                ) : null}{' '}
                · until {expires.toLocaleDateString()}
              </span>
            </p>
            {current ? null : (
              <Button look="danger" busy={revoke.isPending && revoke.variables.id === id} onClick={() => revoke.mutate({ id })}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
