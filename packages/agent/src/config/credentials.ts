import { rm } from 'node:fs/promises';
import { deviceTokens } from '@markco/core/contract/auth';
import { z } from 'zod';
import { readIfExists, writeAtomic } from './atomic-file.ts';
import { keyringStore } from './keyring-store.ts';

/** What is kept between starts: the pair of tokens, whose they are and when they were issued (ms since the epoch). */
export const storedCredentials = deviceTokens.extend({ server: z.string().optional(), obtainedAt: z.number().optional() });
export type StoredCredentials = z.infer<typeof storedCredentials>;

/** A safe place for one set of credentials (EL2). `save` resolves once they are durable. */
export interface CredentialStore {
  /** Where they are kept, in words for the person. */
  readonly description: string;
  load(): Promise<StoredCredentials | null>;
  save(credentials: StoredCredentials): Promise<void>;
  clear(): Promise<void>;
}

/** Credentials in a file only this person can read (0600). A file that is no JSON of tokens counts as none. */
export function fileCredentialStore(file: string): CredentialStore {
  return {
    description: `the private file ${file}`,
    load: async () => parseCredentials(await readIfExists(file)),
    save: (credentials) => writeAtomic(file, `${JSON.stringify(credentials)}\n`, 0o600),
    clear: () => rm(file, { force: true }),
  };
}

/** The stored form back to credentials; null where it is missing or broken, which means "sign in". */
export function parseCredentials(text: string | null): StoredCredentials | null {
  if (text === null) return null;
  try {
    return storedCredentials.parse(JSON.parse(text));
  } catch {
    return null;
  }
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
