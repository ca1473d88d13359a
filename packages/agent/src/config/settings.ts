import { watch } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readIfExists, writeAtomic } from './atomic-file.ts';

export const DEFAULT_SERVER = 'http://127.0.0.1:3000';

const linkedFolder = z.object({
  root: z.string(),
  /** Absent until the server knows the folder (EL3: it may never). */
  projectId: z.uuid().optional(),
  name: z.string().optional(),
  paused: z.boolean().default(false),
});
export type LinkedFolder = z.infer<typeof linkedFolder>;

const endpoint = z.object({ url: z.url(), language: z.string().max(40), label: z.string().max(200).optional() });
export type MrpEndpoint = z.infer<typeof endpoint>;

const settingsSchema = z.object({
  server: z.string().default(DEFAULT_SERVER),
  deviceName: z.string().max(100).optional(),
  /** EL4: "Allow runs from my other devices". */
  allowRuns: z.boolean().default(true),
  folders: z.array(linkedFolder).default([]),
  /** AG4: MRP servers the person named, beside those in ~/.mrmd/runtimes. */
  endpoints: z.array(endpoint).default([]),
});
export type AgentSettings = z.infer<typeof settingsSchema>;

/** The agent's settings file: read, changed in one step, and watched, so that `markco link` reaches an agent that runs. */
export class SettingsFile {
  readonly file: string;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.file = file;
  }

  /** The settings, with defaults where there is no file. Rejects where the file is not readable as settings: nothing is overwritten. */
  async read(): Promise<AgentSettings> {
    const text = await readIfExists(this.file);
    if (text === null || text.trim() === '') return settingsSchema.parse({});
    try {
      return settingsSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(`${this.file} is not a settings file the agent understands. Correct it, or move it away to start afresh.`, { cause });
    }
  }

  /** Reads, applies `change` and writes. Calls in this process run one after another. Returns what was written. */
  update(change: (settings: AgentSettings) => AgentSettings): Promise<AgentSettings> {
    const next = this.#writing.then(async () => {
      const before = await this.read();
      const after = change(before);
      if (JSON.stringify(after) !== JSON.stringify(before)) await writeAtomic(this.file, `${JSON.stringify(after, null, 2)}\n`);
      return after;
    });
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /** Calls `listener` after the file changed, by whomever. Returns the stop function. A broken file is reported to `onError`. */
  watch(listener: (settings: AgentSettings) => void, onError: (error: unknown) => void): () => void {
    let last: string | null = null;
    let reading: Promise<void> = Promise.resolve();
    const check = (notify: boolean) => {
      reading = reading
        .then(async () => {
          const settings = await this.read();
          const now = JSON.stringify(settings);
          if (now === last) return;
          last = now;
          if (notify) listener(settings);
        })
        .catch(onError);
    };
    check(false);
    const name = path.basename(this.file);
    // The folder is watched, as an atomic write replaces the file itself.
    const watcher = watch(path.dirname(this.file), (_event, changed) => {
      if (changed === null || changed === name) check(true);
    });
    watcher.on('error', onError);
    return () => watcher.close();
  }
}
