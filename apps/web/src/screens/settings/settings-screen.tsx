'use client';

import { trpc } from '../../data/trpc.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Page, Skeleton } from '../../ui/page.tsx';
import { AccessTokens } from './access-tokens.tsx';
import { Account } from './account.tsx';
import { BrowserData } from './browser-data.tsx';
import { RunSettings } from './run-settings.tsx';
import { Sessions } from './sessions.tsx';

/** WB1: where runs go, tokens, sessions, and what this browser keeps. */
export function SettingsScreen() {
  usePageTitle('Settings');
  const me = trpc.auth.me.useQuery();
  return (
    <Page title="Settings">
      <div className="grid max-w-3xl grid-cols-1 gap-4">
        {me.error && !me.data ? <Notice kind="danger">{errorText(me.error)}</Notice> : null}
        {me.data ? (
          <>
            <RunSettings me={me.data} />
            <AccessTokens />
            <Sessions />
            <BrowserData />
            <Account me={me.data} />
          </>
        ) : (
          <Skeleton rows={4} />
        )}
      </div>
    </Page>
  );
}
