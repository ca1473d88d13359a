import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { typing } from './document-store.contract.ts';
import { checksumOf } from './fold-log.mjs';
import { FoldThread } from './fold-thread.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-fold-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());

/** A thread that does with a log what the log says: crash, hang, eat all memory. */
function poisonable(options = {}): FoldThread {
  const script = path.join(dir, 'poisonable.mjs');
  writeFileSync(
    script,
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, updates }) => {
      const word = Buffer.from(updates[0]).toString();
      if (word === 'crash') process.exit(3);
      if (word === 'throw') setImmediate(() => { throw new Error('poison'); });
      if (word === 'hang') for (;;) {}
      if (word === 'memory') for (const all = []; ; ) all.push(new Array(1e6).fill(all.length));
      if (word === 'fine') parentPort.postMessage({ id, result: 'ok' });
    });`,
  );
  return new FoldThread({ script: pathToFileURL(script), timeoutMs: 20_000, ...options });
}
const say = (word: string) => [Buffer.from(word)];

describe('SY10: the compaction thread', () => {
  it.each([
    ['crash', {}],
    ['throw', {}],
    ['memory', { heapMb: 64 }],
    ['hang', {}],
  ])('a log that makes it %s costs its own job only', async (word, options) => {
    // The time passes only where the test says so, or a slow start of a thread would count.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const thread = poisonable(options);
    const jobs = [thread.checksum(null, say(word)), thread.checksum(null, say('fine')), thread.checksum(null, say('fine'))];
    if (word === 'hang') vi.advanceTimersByTime(20_000);
    await expect(jobs[0]).rejects.toThrow('A log could not be read');
    expect(await Promise.all(jobs.slice(1))).toEqual(['ok', 'ok']);
    await thread.close();
  });

  it('refuses what waits when it is closed', async () => {
    const thread = poisonable();
    const jobs = [thread.checksum(null, say('hang')), thread.checksum(null, say('fine'))];
    const ends = Promise.allSettled(jobs);
    await thread.close();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('folds a log of bytes no update is', async () => {
    const thread = new FoldThread();
    await expect(thread.fold(null, [new Uint8Array([255, 255, 1])])).rejects.toThrow('A log could not be read');
    const { updates } = typing(['a', 'b']);
    expect((await thread.fold(null, updates)).text).toBe('ab');
    await thread.close();
  });

  it('SY12: a checksum tells edits apart, not how a copy came about', () => {
    const { doc, updates } = typing(['one ', 'two ', 'three']);
    const whole = Y.encodeStateAsUpdateV2(doc);
    expect(checksumOf(null, updates)).toBe(checksumOf(whole, []));
    expect(checksumOf(null, updates.toReversed())).toBe(checksumOf(whole, []));
    const before = checksumOf(whole, []);
    doc.getText('content').delete(0, 1);
    expect(checksumOf(Y.encodeStateAsUpdateV2(doc), [])).not.toBe(before);
    doc.getMap('markco').set('x', 1);
    expect(checksumOf(null, [Y.encodeStateAsUpdate(doc)])).toBe(checksumOf(Y.encodeStateAsUpdateV2(doc), []));
  });
});
