import { z } from 'zod';
import type { FileLike } from './token-store.ts';

const shape = z.object({
  /** EL4: the person was told that the agent goes on without a window. */
  closeExplained: z.boolean().default(false),
  /** EL4: "Allow runs from my other devices" was asked. */
  askedAllowRuns: z.boolean().default(false),
  /** EL2: tokens may be kept where the system has no keyring. */
  acceptPlainTokens: z.boolean().default(false),
});
export type Preferences = z.output<typeof shape>;

/** What the window and the tray remember of the person's choices. A file that is no such thing counts as none. */
export class PreferencesFile {
  readonly #file: FileLike;
  #now: Preferences = shape.parse({});
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileLike) {
    this.#file = file;
  }

  get now(): Preferences {
    return this.#now;
  }

  async load(): Promise<void> {
    const bytes = await this.#file.read().catch(() => null);
    try {
      this.#now = shape.parse(JSON.parse(bytes?.toString('utf8') ?? '{}'));
    } catch {
      this.#now = shape.parse({});
    }
  }

  /** True at once; kept when it resolves. Calls are written one after another. */
  set(change: Partial<Preferences>): Promise<void> {
    this.#now = { ...this.#now, ...change };
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#file.write(Buffer.from(JSON.stringify(this.#now))));
    return this.#writing;
  }
}
