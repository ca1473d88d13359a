'use client';

import { trpc } from '../data/trpc.ts';
import { Notice } from '../ui/notice.tsx';
import { InstallHint } from './install-hint.tsx';
import { useOnline } from './use-online.ts';

const NOTICES_EVERY_MS = 15_000;

/** What a person must know on any screen: no connection, and what is switched off (OP1). `quiet`: the editor tells the first itself. */
export function Banners({ quiet }: { quiet: boolean }) {
  const me = trpc.auth.me.useQuery(undefined, { refetchInterval: NOTICES_EVERY_MS });
  const online = useOnline();
  const notices = me.data?.notices ?? [];
  if (quiet) return null;
  return (
    <div className="mx-auto grid max-w-5xl gap-2 px-4 empty:hidden sm:px-6 [&:not(:empty)]:pt-4">
      {online ? null : (
        <div data-testid="offline-banner">
          <Notice kind="warn">
            You are offline. This is what MarkCo showed last; documents open and can be edited, and edits are sent later.
          </Notice>
        </div>
      )}
      {notices.map(({ flag, text }) => (
        <div key={flag} data-testid="notice" data-flag={flag}>
          <Notice kind="warn">{text}</Notice>
        </div>
      ))}
      <InstallHint />
    </div>
  );
}
