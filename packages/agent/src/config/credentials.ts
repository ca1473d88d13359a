import { rm } from 'node:fs/promises';
import { readIfExists, writeAtomic } from './atomic-file.ts';
import { type CredentialStore, parseCredentials } from './credential-store.ts';
import { keyringStore } from './keyring-store.ts';

export { type CredentialStore, parseCredentials, type StoredCredentials, storedCredentials } from './credential-store.ts';

/** Credentials in a file only this person can read (0600). A file that is no JSON of tokens counts as none. */
export function fileCredentialStore(file: string): CredentialStore {
  return {
    description: `the private file ${file}`,
    load: async () => parseCredentials(await readIfExists(file)),
    save: (credentials) => writeAtomic(file, `${JSON.stringify(credentials)}\n`, 0o600),
    clear: () => rm(file, { force: true }),
  };
}

export interface CredentialPlace {
  /** The 0600 file used without a keyring; also the name of the keyring's entry. */
  file: string;
  /** A file named by the supervisor: wins over everything. */
  given?: string | undefined;
  keyring: 'auto' | 'off';
}

/** EL2: the OS keyring where one works, else a 0600 file. What is found in the file is moved to the keyring. */
export async function openCredentials(place: CredentialPlace): Promise<CredentialStore> {
  if (place.given) return fileCredentialStore(place.given);
  const file = fileCredentialStore(place.file);
  if (place.keyring === 'off') return file;
  const ring = await keyringStore(place.file);
  if (!ring) return file;
  const old = await file.load();
  if (old) {
    await ring.save(old);
    await file.clear();
  }
  return ring;
}
