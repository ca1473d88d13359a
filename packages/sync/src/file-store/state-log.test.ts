import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FRAME, type Frame } from './log-frame.ts';
import { StateLog } from './state-log.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-log-'));
  file = path.join(dir, 'd.yjs');
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const logs: StateLog[] = [];
function logOf(at: string): StateLog {
  logs.push(new StateLog(at));
  return logs.at(-1)!;
}
const frame = (text: string): Frame => ({ kind: FRAME.update, payload: Buffer.from(text) });
const texts = (frames: readonly Frame[]): string[] => frames.map(({ payload }) => Buffer.from(payload).toString());

/** Makes the next call of a file handle fail as a disk does. */
async function failNext(method: 'datasync' | 'write' | 'truncate', code: string): Promise<void> {
  const handle = await open(path.join(dir, 'any'), 'w');
  const prototype = Object.getPrototypeOf(handle) as Record<typeof method, () => Promise<unknown>>;
  await handle.close();
  vi.spyOn(prototype, method).mockRejectedValueOnce(Object.assign(new Error(code), { code }));
}

describe('SY11: the log of a document', () => {
  it('any cut and any garbage after it loads what came before, and nothing else', async () => {
    const frames = fc.array(fc.string({ maxLength: 40 }), { maxLength: 12 });
    const cut = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(frames, cut, fc.uint8Array({ maxLength: 60 }), frames, async (before, at, garbage, after) => {
        rmSync(dir, { recursive: true, force: true });
        dir = mkdtempSync(path.join(tmpdir(), 'markco-log-'));
        file = path.join(dir, 'd.yjs');
        const log = logOf(file);
        for (const text of before) await log.append([frame(text)], false);
        await log.close();
        const bytes = before.length === 0 ? Buffer.alloc(0) : readFileSync(file);
        const keep = Math.floor(at * bytes.length);
        writeFileSync(file, Buffer.concat([bytes.subarray(0, keep), garbage]));
        const whole = wholeFrames(before, keep);
        const again = logOf(file);
        expect(texts(await again.open()).slice(0, whole.length)).toEqual(whole);
        for (const text of after) await again.append([frame(text)], false);
        await again.close();
        expect(
          texts(await logOf(file).open())
            .slice(whole.length)
            .slice(-after.length || Infinity),
        ).toEqual(after);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 60) },
    );
  });

  it('keeps what it cuts off', async () => {
    const log = logOf(file);
    await log.append([frame('one'), frame('two')], true);
    await log.close();
    const bytes = readFileSync(file);
    // The length of the second frame: as if a bit of the disk had turned.
    bytes[12 + 3] = 0x40;
    writeFileSync(file, bytes);
    expect(texts(await logOf(file).open())).toEqual(['one']);
    expect(readFileSync(`${file}.cut-12`).equals(bytes.subarray(12))).toBe(true);
  });

  it.each(['ENOSPC', 'EIO'])('a write that fails (%s) leaves the log as it was, and the next one is whole', async (code) => {
    const log = logOf(file);
    await log.append([frame('one')], true);
    await failNext('write', code);
    await expect(log.append([frame('lost')], true)).rejects.toThrow(code);
    await log.append([frame('two')], true);
    expect(texts(await logOf(file).open())).toEqual(['one', 'two']);
  });

  it('after a sync that failed nothing counts as synced until it lies in a new file', async () => {
    const log = logOf(file);
    await log.append([frame('one')], true);
    const { ino } = await (await import('node:fs/promises')).stat(file);
    await failNext('datasync', 'EIO');
    await expect(log.append([frame('lost')], true)).rejects.toThrow('EIO');
    await log.append([frame('two')], true);
    expect((await (await import('node:fs/promises')).stat(file)).ino).not.toBe(ino);
    expect(texts(await logOf(file).open())).toEqual(['one', 'two']);
  });

  it('bytes of a failed append that could not be cut off are cut before the next', async () => {
    const log = logOf(file);
    await log.append([frame('one')], true);
    await failNext('truncate', 'EIO');
    const undo = await log.append([frame('undone, and longer'), frame('undone')], true);
    await expect(undo()).rejects.toThrow('EIO');
    await log.append([frame('two')], true);
    expect(texts(await logOf(file).open())).toEqual(['one', 'two']);
  });

  it('a rewrite that fails leaves the old log and no rest', async () => {
    const log = logOf(file);
    await log.append([frame('one')], true);
    vi.spyOn(Object.getPrototypeOf(await handleOf()), 'writeFile').mockRejectedValueOnce(new Error('ENOSPC'));
    await expect(log.rewrite([frame('new')])).rejects.toThrow('ENOSPC');
    expect(readdirSync(dir).filter((name) => name.endsWith('.new'))).toEqual([]);
    await log.append([frame('two')], true);
    expect(texts(await logOf(file).open())).toEqual(['one', 'two']);
  });
});

async function handleOf() {
  const handle = await open(path.join(dir, 'any'), 'w');
  await handle.close();
  return handle;
}

/** Frames that lie whole in the first `bytes` of a log: nine bytes of head, then the text. */
function wholeFrames(all: readonly string[], bytes: number): string[] {
  let end = 0;
  return all.filter((text) => {
    end += 9 + Buffer.byteLength(text);
    return end <= bytes;
  });
}
