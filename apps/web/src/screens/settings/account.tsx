'use client';

import type { MeView } from '@markco/core/contract/auth';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { forgetBrowserData, keptHere } from '../../data/forget-browser-data.ts';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Card } from '../../ui/page.tsx';
import { unsavedText } from './browser-data.tsx';

/** Who is signed in, and the way out. Signing out leaves nothing of the person on this browser. */
export function Account({ me }: { me: MeView }) {
  const [unsaved, setUnsaved] = useState<number | null>(null);
  const client = useQueryClient();
  const signOut = trpc.auth.signOut.useMutation({
    onSuccess: () => {
      // First what is in memory, or the next write would keep it again.
      client.clear();
      void forgetBrowserData().finally(() => window.location.assign('/sign-in'));
    },
  });
  return (
    <Card>
      <h2 className="text-lg font-medium">Account</h2>
      <p className="mt-1 mb-4 text-sm break-words">
        {me.isLocal ? 'You, on this computer. No account is needed here.' : [me.name, me.email].filter(Boolean).join(' · ')}
      </p>
      <Button data-testid="sign-out" onClick={() => void keptHere().then((kept) => setUnsaved(kept.unsaved))}>
        Sign out…
      </Button>
      {unsaved === null ? null : (
        <Confirm
          title="Sign out?"
          onClose={() => setUnsaved(null)}
          action={
            <Button
              look={unsaved > 0 ? 'danger' : 'primary'}
              data-testid="confirm-sign-out"
              busy={signOut.isPending}
              onClick={() => signOut.mutate()}
            >
              {unsaved > 0 ? 'Sign out and lose them' : 'Sign out'}
            </Button>
          }
        >
          {unsaved > 0 ? (
            <Notice kind="danger">
              {unsavedText(unsaved)} Signing out clears this browser and loses them. Go online first and wait for “Saved”.
            </Notice>
          ) : (
            <p>What this browser keeps to work offline is cleared. Everything is saved.</p>
          )}
          {signOut.error ? <Notice kind="danger">{errorText(signOut.error)}</Notice> : null}
        </Confirm>
      )}
    </Card>
  );
}
