import { type CredentialStore, parseCredentials, type StoredCredentials } from '@markco/agent/config/credential-store';
import type { PortLink } from './port-link.ts';

/** EL2: the agent's credentials, kept by main, which alone can have the system encrypt them. `current` is what it last held. */
export class PortCredentials implements CredentialStore {
  readonly description = "this computer's own secret storage";
  readonly #link: Pick<PortLink, 'ask'>;
  current: StoredCredentials | null = null;

  constructor(link: Pick<PortLink, 'ask'>) {
    this.#link = link;
  }

  async load(): Promise<StoredCredentials | null> {
    const text = await this.#link.ask('loadTokens', null);
    this.current = parseCredentials(typeof text === 'string' ? text : null);
    return this.current;
  }

  async save(credentials: StoredCredentials): Promise<void> {
    await this.#link.ask('saveTokens', JSON.stringify(credentials));
    this.current = credentials;
  }

  async clear(): Promise<void> {
    await this.#link.ask('clearTokens', null);
    this.current = null;
  }
}
