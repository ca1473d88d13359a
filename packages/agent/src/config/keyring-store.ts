import { type CredentialStore, parseCredentials } from './credential-store.ts';

const SERVICE = 'markco';
/** A locked keyring asks the person on a screen that may not be there. */
const PATIENCE_MS = 3_000;

/** A store in the system's keyring under the given name, or null where there is no keyring that outlives a reboot. */
export async function keyringStore(name: string): Promise<CredentialStore | null> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    // Without this, Linux falls back to the kernel's keyring, which a reboot empties.
    const open = (account: string) => new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } });
    const probe = open(`${name} (probe)`);
    await probe.setPassword('probe', AbortSignal.timeout(PATIENCE_MS));
    const works = (await probe.getPassword(AbortSignal.timeout(PATIENCE_MS))) === 'probe';
    await probe.deletePassword(AbortSignal.timeout(PATIENCE_MS));
    if (!works) return null;
    const entry = open(name);
    return {
      description: "the system's keyring",
      load: async () => parseCredentials((await entry.getPassword(AbortSignal.timeout(PATIENCE_MS))) ?? null),
      save: (credentials) => entry.setPassword(JSON.stringify(credentials), AbortSignal.timeout(PATIENCE_MS)),
      clear: async () => {
        await entry.deletePassword(AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
      },
    };
  } catch {
    return null;
  }
}
