import type { Db } from '@markco/db/client';
import type { Logger } from 'pino';

/** What sign-in needs from the environment; read once in server.ts. */
export interface SignInSettings {
  secret: string;
  secureCookies: boolean;
  /** Whoever sits at this computer may enter without an account. */
  allowLocalUser: boolean;
  smtpUrl: string | null;
  mailFrom: string;
  github: { clientId: string; clientSecret: string } | null;
  google: { clientId: string; clientSecret: string } | null;
  log: Logger;
}

const KEY = Symbol.for('markco.sign-in');
type Shared = { db: Db; settings: SignInSettings };

/**
 * server.ts and Next's bundles are different module graphs of one process; this hands the database and the settings
 * from the one to the other, so that there is one pool and one reading of the environment.
 */
export function shareSignIn(shared: Shared): void {
  (globalThis as Record<symbol, unknown>)[KEY] = shared;
}

/** What {@link shareSignIn} gave; throws when Next runs without server.ts. */
export function sharedSignIn(): Shared {
  const shared = (globalThis as Record<symbol, unknown>)[KEY] as Shared | undefined;
  if (!shared) throw new Error('The web app runs under server.ts (npm start), not under `next start`.');
  return shared;
}
