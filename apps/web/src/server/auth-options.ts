import type { Db } from '@markco/db/client';
import { PrismaAdapter } from '@next-auth/prisma-adapter';
import type { AuthOptions } from 'next-auth';
import type { Adapter, AdapterAccount } from 'next-auth/adapters';
import EmailProvider from 'next-auth/providers/email';
import GitHubProvider from 'next-auth/providers/github';
import GoogleProvider from 'next-auth/providers/google';
import type { SignInSettings } from './sign-in-settings.ts';

const ACCOUNT_FIELDS = [
  'userId',
  'type',
  'provider',
  'providerAccountId',
  'refresh_token',
  'access_token',
  'expires_at',
  'token_type',
  'scope',
  'id_token',
  'session_state',
] as const;

/** Providers send fields of their own with an account; only those we keep are written. */
function adapter(db: Db): Adapter {
  const base = PrismaAdapter(db as unknown as Parameters<typeof PrismaAdapter>[0]);
  return {
    ...base,
    // A browser keeps its cookie when the session was ended elsewhere; signing in again ends it once more.
    deleteSession: async (sessionToken: string) => {
      await db.session.deleteMany({ where: { sessionToken } });
    },
    linkAccount: (account: AdapterAccount) =>
      base.linkAccount!(
        Object.fromEntries(ACCOUNT_FIELDS.filter((key) => key in account).map((key) => [key, account[key]])) as unknown as AdapterAccount,
      ),
  } as Adapter;
}

/** Sends the sign-in link, or prints it to the log where no mail server is set up (a person runs this on their own computer). */
async function sendLink(settings: SignInSettings, to: string, url: string): Promise<void> {
  if (!settings.smtpUrl) {
    settings.log.info({ reason: 'no SMTP_URL is set' }, `Sign-in link for ${to}: ${url}`);
    return;
  }
  const { createTransport } = await import('nodemailer');
  await createTransport(settings.smtpUrl).sendMail({
    to,
    from: settings.mailFrom,
    subject: 'Sign in to MarkCo',
    text: `Open this link to sign in to MarkCo. It works once, for 24 hours.\n\n${url}\n\nYou did not ask for it? Then there is nothing to do.`,
  });
}

/** next-auth with rows for sessions, so that signing out anywhere takes effect at once. GitHub and Google appear where they are configured. */
export function authOptions(db: Db, settings: SignInSettings): AuthOptions {
  const providers: AuthOptions['providers'] = [
    EmailProvider({
      maxAge: 24 * 60 * 60,
      from: settings.mailFrom,
      server: settings.smtpUrl ?? '',
      sendVerificationRequest: ({ identifier, url }) => sendLink(settings, identifier, url),
    }),
  ];
  if (settings.github) providers.push(GitHubProvider({ ...settings.github, allowDangerousEmailAccountLinking: false }));
  if (settings.google) providers.push(GoogleProvider({ ...settings.google, allowDangerousEmailAccountLinking: false }));
  return {
    adapter: adapter(db),
    providers,
    session: { strategy: 'database', maxAge: 30 * 24 * 60 * 60, updateAge: 24 * 60 * 60 },
    secret: settings.secret,
    pages: { signIn: '/sign-in', verifyRequest: '/sign-in?sent=1', error: '/sign-in' },
    useSecureCookies: settings.secureCookies,
    callbacks: {
      session: ({ session, user }) => ({ ...session, user: { ...session.user, id: user.id } }),
    },
    logger: {
      error: (code, details) => settings.log.error({ reason: code, err: details instanceof Error ? details : undefined }, 'sign-in failed'),
      warn: (code) => settings.log.warn({ reason: code }, 'sign-in warning'),
      debug: () => undefined,
    },
  };
}
