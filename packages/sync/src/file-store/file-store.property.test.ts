import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FileStore } from './file-store.ts';
import { makeFolder, openStore, Peer, refOf, until } from './test-folder.ts';

type Step =
  | { do: 'cloud'; at: number }
  | { do: 'outside'; at: number; atomic: boolean }
  | { do: 'remove line'; at: number }
  | { do: 'wait'; ms: number }
  | { do: 'kill' }
  | { do: 'close' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('cloud' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('outside' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), atomic: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove line' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'close' as const }) },
);

/** One life of a document: a peer that types, a program that edits the file, and a store that is killed now and then. */
class World {
  store!: FileStore;
  peer!: Peer;
  readonly tokens: string[] = [];
  readonly #folders = [makeFolder()];
  readonly #stores: FileStore[] = [];

  get file(): string {
    return path.join(this.#folders.at(-1)!.dir, 'a.md');
  }

  async begin(text: string): Promise<void> {
    writeFileSync(this.file, text);
    await this.#openStore();
    await this.store.add(this.#folders.at(-1)!.dir, { documentId: 'd', path: 'a.md' });
    this.peer = await Peer.open(this.store, refOf('d', 'a.md'));
  }

  async #openStore(): Promise<void> {
    this.store = await openStore(this.#folders.at(-1)!.dir);
    this.#stores.push(this.store);
  }

  async apply(action: Step): Promise<void> {
    const token = tokenOf(this.tokens.length);
    if (action.do === 'cloud') {
      this.tokens.push(token);
      await this.peer.edit((text) => text.insert(betweenTokens(text.toString(), action.at), token));
    } else if (action.do === 'outside') {
      this.tokens.push(token);
      const text = readFileSync(this.file, 'utf8');
      const at = betweenTokens(text, action.at);
      this.#save(text.slice(0, at) + token + text.slice(at), action.atomic);
    } else if (action.do === 'remove line') {
      const lines = readFileSync(this.file, 'utf8').split('\n');
      const spare = lines.findIndex((line, i) => i >= action.at * lines.length && /^line \d+$/.test(line));
      if (spare >= 0) this.#save(lines.toSpliced(spare, 1).join('\n'), true);
    } else if (action.do === 'wait') await delay(action.ms);
    else await this.#restart(action.do === 'kill');
  }

  #save(text: string, atomic: boolean): void {
    writeFileSync(atomic ? `${this.file}~` : this.file, text);
    if (atomic) renameSync(`${this.file}~`, this.file);
  }

  /** A kill leaves the disk as it is at this moment, in the middle of whatever is going on. */
  async #restart(kill: boolean): Promise<void> {
    if (kill) {
      const next = makeFolder();
      this.peer.disconnect();
      cpSync(this.#folders.at(-1)!.dir, next.dir, { recursive: true, preserveTimestamps: true });
      this.#folders.push(next);
    } else await this.store.close();
    await this.#openStore();
    await this.peer.reconnect(this.store);
  }

  /** Every side equal, every token once. */
  async converge(): Promise<void> {
    await until(async () => {
      await this.store.notice('d');
      await this.store.settled();
      const text = this.peer.toString();
      return readFileSync(this.file, 'utf8') === text && (await this.store.text('d')) === text;
    }, 'file and document to be the same');
    const text = this.peer.toString();
    for (const token of this.tokens) expect(text.split(token).length - 1, `${token} in ${JSON.stringify(text)}`).toBe(1);
  }

  async end(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const { cleanUp } of this.#folders) cleanUp();
  }
}

/** Three letters no other token has, so that what a merge did to it shows. */
function tokenOf(n: number): string {
  return String.fromCharCode(0x4e00 + 3 * n, 0x4e01 + 3 * n, 0x4e02 + 3 * n);
}

/** A place that is not inside a token. */
function betweenTokens(text: string, at: number): number {
  const place = Math.floor(at * text.length);
  const code = text.charCodeAt(place) - 0x4e00;
  return code > 0 && code % 3 !== 0 ? place - (code % 3) : place;
}

it('FB5, FB6, FB8: outside edits, remote edits and kills in any order end with every side equal and each edit there once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 24 }), fc.constantFrom('\n', ''), async (steps, end) => {
      const world = new World();
      try {
        await world.begin(`line 1\nline 2\nline 3\nline 4${end}`);
        for (const action of steps) await world.apply(action);
        await world.converge();
      } finally {
        await world.end();
      }
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 12) },
  );
});
