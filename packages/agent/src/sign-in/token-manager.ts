import type { DeviceTokens } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { Log } from '@markco/sync/log';
import type { ApiClient } from '../api-client/api-client.ts';
import { isUnauthenticated } from '../api-client/api-error.ts';
import type { CredentialStore, StoredCredentials } from '../config/credential-store.ts';
import { reason } from '../log.ts';

/** `needs_sign_in`: this device was signed in and is not any more; everything local stays. */
export type SignInState = 'signed_out' | 'signed_in' | 'needs_sign_in';

/** A token is renewed when less than this is left of it. */
const AHEAD_MS = 90_000;

/** An answer that got lost is asked for again while the server still takes the old token (30 s), also where the network says nothing. */
const REFRESH_MS = 10_000;

const signInAgain = () => new AppError('unauthenticated', 'This device is signed out. Sign in again; nothing you wrote is lost.');

/** EL2: holds the device's pair of tokens: renewed ahead of time, once at a time, and written down before it is used. */
export class TokenManager {
  readonly #store: CredentialStore;
  readonly #api: ApiClient;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #onState: (state: SignInState) => void;
  readonly #patienceMs: number;
  #current: StoredCredentials | null = null;
  #state: SignInState = 'signed_out';
  #refreshing: Promise<string> | null = null;
  #refused: string | null = null;
  #unsaved = false;

  constructor(options: {
    store: CredentialStore;
    api: ApiClient;
    log: Log;
    now?: () => number;
    onState?: (state: SignInState) => void;
    patienceMs?: number;
  }) {
    this.#store = options.store;
    this.#api = options.api;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#onState = options.onState ?? (() => {});
    this.#patienceMs = options.patienceMs ?? REFRESH_MS;
  }

  get state(): SignInState {
    return this.#state;
  }

  /** Whose device this is; also known when it has to sign in again. */
  get identity(): { userId: string; deviceId: string; userName: string | null } | null {
    return this.#current && { userId: this.#current.userId, deviceId: this.#current.deviceId, userName: this.#current.userName };
  }

  async load(): Promise<SignInState> {
    this.#current = await this.#store.load();
    this.#enter(this.#current ? 'signed_in' : 'signed_out');
    return this.#state;
  }

  /** Rejects with `unauthenticated` where only signing in helps, `unavailable` where the server cannot be reached. */
  async accessToken(): Promise<string> {
    if (!this.#current || this.#state !== 'signed_in') throw signInAgain();
    if (this.#unsaved) await this.#save(this.#current);
    if (this.#isGood(this.#current)) return this.#current.accessToken;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** The server did not take this token: it is not handed out again. */
  refused(token: string): void {
    this.#refused = token;
  }

  async signIn(tokens: DeviceTokens): Promise<void> {
    const next = { ...tokens, server: this.#api.server, obtainedAt: this.#now() };
    await this.#store.save(next);
    this.#current = next;
    this.#refused = null;
    this.#enter('signed_in');
  }

  /** Tells the server if it can, and forgets the tokens in any case. */
  async signOut(): Promise<void> {
    if (this.#state === 'signed_in') {
      await this.#api
        .call('auth.signOutDevice', undefined)
        .catch((error: unknown) => this.#log.warn({ reason: reason(error) }, 'the server could not be told of the sign-out'));
    }
    await this.#store.clear();
    this.#current = null;
    this.#enter('signed_out');
  }

  async #refresh(): Promise<string> {
    // Another process of this device may have renewed them; using an old one again would sign the device out.
    const stored = await this.#store.load().catch(() => null);
    if (stored && stored.refreshToken !== this.#current?.refreshToken && !this.#unsaved) {
      this.#current = stored;
      if (this.#isGood(stored)) return stored.accessToken;
    }
    const held = this.#current;
    if (!held) throw signInAgain();
    try {
      const tokens = await this.#api.call('auth.refresh', { refreshToken: held.refreshToken }, AbortSignal.timeout(this.#patienceMs));
      const next = { ...tokens, server: this.#api.server, obtainedAt: this.#now() };
      await this.#save(next);
      this.#current = next;
      return next.accessToken;
    } catch (error) {
      if (isUnauthenticated(error)) this.#enter('needs_sign_in');
      throw error;
    }
  }

  /** Where it cannot be written the pair is still the only valid one: it is used, and written with the next chance. */
  async #save(credentials: StoredCredentials): Promise<void> {
    try {
      await this.#store.save(credentials);
      this.#unsaved = false;
    } catch (error) {
      this.#unsaved = true;
      this.#log.error({ reason: reason(error) }, 'the new tokens could not be stored; it is tried again');
    }
  }

  #isGood(credentials: StoredCredentials): boolean {
    if (credentials.accessToken === this.#refused) return false;
    const { obtainedAt, expiresIn } = credentials;
    // Issued beforehand without a time: good until the server says otherwise.
    if (obtainedAt === undefined) return true;
    const age = this.#now() - obtainedAt;
    return age >= 0 && age < expiresIn * 1000 - Math.min(AHEAD_MS, (expiresIn * 1000) / 3);
  }

  #enter(state: SignInState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
