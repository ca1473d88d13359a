/**
 * Runs the hooks of a committed transaction, in order. The rows are committed: a bus that is away must not make the caller believe they
 * are not, so a failure is dropped. Readers catch up on reconnect.
 */
export async function runHooks(hooks: readonly (() => unknown)[]): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch {}
  }
}
