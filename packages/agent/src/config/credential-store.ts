import { deviceTokens } from '@markco/core/contract/auth';
import { z } from 'zod';

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

/** The stored form back to credentials; null where it is missing or broken, which means "sign in". */
export function parseCredentials(text: string | null): StoredCredentials | null {
  if (text === null) return null;
  try {
    return storedCredentials.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
