'use client';

import { type FormEvent, useState } from 'react';
import { Button, buttonClass } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Notice } from '../ui/notice.tsx';
import { enterLocally, enterWith } from './enter.ts';

export interface Ways {
  /** Whoever sits at this computer may enter. */
  local: boolean;
  github: boolean;
  google: boolean;
  /** No mail server: the link stands in the log of the web process. */
  mailIsLogged: boolean;
}

const ERRORS: Record<string, string> = {
  Verification: 'That link was used already or is too old. Ask for a new one.',
  OAuthAccountNotLinked: 'This address signed in another way before. Use that way.',
  AccessDenied: 'You were not let in.',
};

/** The ways in. `next` is a path of this site (checked by the server). */
export function SignIn({ next, ways, sent, error }: { next: string; ways: Ways; sent: boolean; error: string | null }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(error ? (ERRORS[error] ?? 'Signing in did not work. Try again.') : null);
  const [email, setEmail] = useState('');
  const enter = async (way: string, work: () => Promise<void>) => {
    setBusy(way);
    setProblem(null);
    try {
      await work();
    } catch (failure) {
      setProblem(failure instanceof Error ? failure.message : String(failure));
      setBusy(null);
    }
  };
  if (sent) {
    return (
      <div className="grid grid-cols-1 gap-4 text-sm">
        <p>
          {ways.mailIsLogged
            ? 'This MarkCo has no mail server, so the link stands in the log of its web process. Open it to sign in.'
            : 'A link is on its way. It works once, for 24 hours.'}
        </p>
        <a className={buttonClass()} href={`/sign-in?next=${encodeURIComponent(next)}`}>
          Back
        </a>
      </div>
    );
  }
  const withMail = (event: FormEvent) => {
    event.preventDefault();
    void enter('email', () => enterWith('email', next, { email }));
  };
  return (
    <div className="grid grid-cols-1 gap-4">
      {problem ? <Notice kind="danger">{problem}</Notice> : null}
      {ways.local ? (
        <>
          <Button
            look="primary"
            data-testid="sign-in-local"
            busy={busy === 'local'}
            onClick={() => void enter('local', () => enterLocally(next))}
          >
            Continue on this computer
          </Button>
          <p className="text-center text-sm text-muted">No account needed. Everything stays on this computer.</p>
        </>
      ) : null}
      {ways.github ? (
        <Button busy={busy === 'github'} onClick={() => void enter('github', () => enterWith('github', next))}>
          Continue with GitHub
        </Button>
      ) : null}
      {ways.google ? (
        <Button busy={busy === 'google'} onClick={() => void enter('google', () => enterWith('google', next))}>
          Continue with Google
        </Button>
      ) : null}
      <form className={`grid gap-3 ${ways.local || ways.github || ways.google ? 'border-t border-line pt-4' : ''}`} onSubmit={withMail}>
        <Field
          label="E-mail"
          type="email"
          name="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          hint={ways.mailIsLogged ? 'There is no mail server here: the link is written to the log.' : undefined}
        />
        <Button type="submit" look={ways.local ? 'plain' : 'primary'} busy={busy === 'email'}>
          Send a sign-in link
        </Button>
      </form>
    </div>
  );
}
