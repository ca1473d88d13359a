import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { call } from './bridge.ts';
import { Button, Problem } from './controls.tsx';
import { useAction } from './use-agent.ts';

/** EL1, EL2: who is signed in, or the way there: the person's own browser does it. */
export function SignInCard({ status }: { status: AgentStatus }): ReactNode {
  const again = status.state === 'needs_sign_in';
  if (status.account && !again) return <SignedIn account={status.account} />;
  return <SignInForm again={again} server={status.account?.server ?? null} />;
}

function SignedIn({ account }: { account: NonNullable<AgentStatus['account']> }): ReactNode {
  const { busy, problem, run } = useAction();
  return (
    <div className="space-y-3">
      <p className="text-sm">
        Signed in as <strong>{account.name ?? 'you'}</strong> at {new URL(account.server).host}.
      </p>
      <Problem text={problem} />
      <Button disabled={busy} onClick={() => void run(() => call('signOut'))}>
        {busy ? 'Signing out…' : 'Sign out'}
      </Button>
      <p className="text-sm text-muted">Your folders stay as they are, on this computer and in your account.</p>
    </div>
  );
}

function SignInForm({ again, server: known }: { again: boolean; server: string | null }): ReactNode {
  const [server, setServer] = useState(known ?? '');
  const { busy, problem, run } = useAction();
  useEffect(() => {
    if (known === null)
      void call('settings').then(
        (settings) => setServer((now) => now || settings.server),
        () => undefined,
      );
  }, [known]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(async () => {
      const { ok, message } = await call('signIn', { server: /^https?:/i.test(server) ? server : `https://${server}` });
      if (!ok) throw new Error(message ?? 'Signing in did not work. Try again.');
    });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <p className="text-sm text-muted">
        {again
          ? 'This computer was signed out. Sign in again to go on syncing; nothing you wrote is lost.'
          : 'Optional: an account keeps your folders in step with the web and your phone, and lets them run cells here.'}
      </p>
      <label className="block text-sm font-medium">
        Server
        <input
          className="mt-1 block h-9 w-full rounded-md border border-line-strong bg-bg px-3 font-normal"
          value={server}
          inputMode="url"
          autoCapitalize="off"
          spellCheck={false}
          required
          onChange={(event) => setServer(event.target.value)}
        />
      </label>
      <Problem text={problem} />
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={busy}>
          {busy ? 'Waiting for your browser…' : 'Sign in with your browser'}
        </Button>
        {busy && <Button onClick={() => void call('cancelSignIn')}>Cancel</Button>}
      </div>
    </form>
  );
}
