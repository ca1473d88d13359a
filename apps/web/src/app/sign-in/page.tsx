import { isLoopbackHost } from '@markco/api/auth/origin';
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import { safePath } from '../../data/safe-path.ts';
import { sharedSignIn } from '../../server/sign-in-settings.ts';
import { SignIn } from '../../sign-in/sign-in.tsx';
import { Entry } from '../../ui/entry.tsx';

export const metadata: Metadata = { title: 'Sign in' };
export const dynamic = 'force-dynamic';

type Query = Promise<{ next?: string | string[]; callbackUrl?: string | string[]; sent?: string; error?: string }>;

/** next-auth gives whole addresses; only their path counts. */
function pathOf(given: string | string[] | undefined): string | null {
  const text = Array.isArray(given) ? given[0] : given;
  if (!text || text.startsWith('/')) return text ?? null;
  return URL.canParse(text) ? new URL(text).pathname + new URL(text).search : null;
}

/** WB10: every way in that is set up here, and back to where the person was going. */
export default async function SignInPage({ searchParams }: { searchParams: Query }) {
  const query = await searchParams;
  const { settings } = sharedSignIn();
  const host = (await headers()).get('host') ?? undefined;
  const ways = {
    local: settings.allowLocalUser && isLoopbackHost(host),
    github: settings.github !== null,
    google: settings.google !== null,
    mailIsLogged: settings.smtpUrl === null,
  };
  return (
    <Entry title={query.sent ? 'Look into your mail' : 'Sign in'}>
      <SignIn
        next={safePath(pathOf(query.next) ?? pathOf(query.callbackUrl))}
        ways={ways}
        sent={query.sent !== undefined}
        error={typeof query.error === 'string' ? query.error : null}
      />
    </Entry>
  );
}
