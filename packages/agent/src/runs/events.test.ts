import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collapseCarriageReturns } from '@markco/core/document/terminal-text';
import { MAX_EVENT_BYTES } from '@markco/core/run/run-event';
import { silentLog } from '@markco/sync/log';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../journal/journal.ts';
import { AssetKeeper, MAX_RUN_ASSET_BYTES } from './asset-keeper.ts';
import { collapseChunk } from './collapse-chunk.ts';
import { displayEvents } from './display-events.ts';
import { imageSize } from './image-size.ts';
import { OutputBatcher } from './output-batcher.ts';

// 3 × 2 pixels.
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d', 'hex');
const RUN = '018f0000-0000-7000-8000-00000000000f';
let dir: string;
let journal: Journal;
let keeper: AssetKeeper;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-events-'));
  journal = new Journal(path.join(dir, 'journal'));
  keeper = new AssetKeeper({ runId: RUN, journal, folder: { root: dir, directory: '_assets' }, log: silentLog });
});
afterEach(() => {
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('collapsing progress bars', () => {
  it('RU18 keeps the last state of a bar, and the carriage returns that reach over the piece', () => {
    expect(collapseChunk('\r 10%\r 20%\r 30%')).toBe('\r 20%\r 30%');
    expect(collapseChunk('a\r\nb\r\n')).toBe('a\r\nb\r\n');
    expect(collapseChunk('x\r1\r2\ndone\r')).toBe('x\r2\ndone\r');
    expect(collapseChunk('long\r\u001b[Kab\r\u001b[Kc\r')).toBe('long\r\u001b[2Kc\r');
    const bars = '\n\r 10%\u001b[A\r 20%';
    expect(collapseChunk(bars)).toBe(bars);
  });

  it('RU18 property: the stream shows the same whether and wherever it is cut', () => {
    const part = fc.constantFrom('a', 'bc', '\r', '\n', ' ', '\r\n', '\b', '\u001b[K', '\u001b[1K', '\u001b[2K', '\u001b[A');
    const piece = fc.array(part, { maxLength: 12, size: 'max' }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const whole = pieces.join('');
        // A "\r\n" cut in two is one overwrite of nothing.
        expect(collapseCarriageReturns(pieces.map(collapseChunk).join(''))).toBe(collapseCarriageReturns(whole));
      }),
      { numRuns: 500 },
    );
  });
});

describe('output batches', () => {
  it('RU16 the first output goes at once, then batches in order across both streams', () => {
    let now = 0;
    const said: [string, string][] = [];
    const batcher = new OutputBatcher(
      (stream, text) => said.push([stream, text]),
      () => now,
    );
    batcher.push('stdout', 'first');
    expect(said).toEqual([['stdout', 'first']]);
    batcher.push('stdout', 'a');
    batcher.push('stdout', 'b');
    expect(said).toHaveLength(1);
    batcher.push('stderr', 'e');
    expect(said[1]).toEqual(['stdout', 'ab']);
    now += 60;
    batcher.push('stderr', 'f');
    expect(said[2]).toEqual(['stderr', 'ef']);
    batcher.push('stdout', `${'x'.repeat(16 * 1024 - 1)}🎉${'y'.repeat(20_000)}`);
    batcher.flush();
    const pieces = said.slice(3).map(([, text]) => text);
    expect(Math.max(...pieces.map((text) => text.length))).toBeLessThanOrEqual(16 * 1024);
    expect(pieces.some((text) => /\p{Surrogate}/u.test(text))).toBe(false);
  });
});

describe('images and large outputs', () => {
  it('RU19 reads the pixel size of PNG, GIF and JPEG, and of nothing else', () => {
    expect(imageSize(PNG)).toEqual({ width: 3, height: 2 });
    expect(imageSize(Buffer.from('47494638396105000700', 'hex'))).toEqual({ width: 5, height: 7 });
    expect(imageSize(Buffer.from('ffd8ffe000040000ffc0000b080009000b01012200', 'hex'))).toEqual({ width: 11, height: 9 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void imageSize(bytes)));
    expect(imageSize(Buffer.from('plain'))).toBeNull();
  });

  it('RU19 an image becomes an asset and a file named by its content; other variants follow', async () => {
    const bundle = { 'text/plain': '<Figure>', 'image/png': PNG.toString('base64'), 'text/html': '<b>x</b>' };
    const events = await displayEvents(bundle, {}, keeper);
    expect(events[0]).toMatchObject({ kind: 'asset', mimeType: 'image/png', width: 3, height: 2, alt: '<Figure>' });
    const { assetId, path: file } = events[0] as { assetId: string; path: string };
    expect(file).toBe(`_assets/${assetId.slice(0, 16)}.png`);
    expect(readFileSync(path.join(dir, file))).toEqual(PNG);
    expect(journal.assets.get(RUN, assetId)?.bytes).toEqual(PNG);
    expect(events[1]).toEqual({
      kind: 'display',
      data: { 'text/plain': '<Figure>', 'text/html': '<b>x</b>' },
      metadata: { alternativeOf: assetId },
    });
    expect(await displayEvents({ 'text/plain': '<Figure>', 'image/png': PNG.toString('base64') }, {}, keeper)).toHaveLength(1);
  });

  it('WB6 what clears and what updates other outputs stays so', async () => {
    const clear = { clear_output: true, wait: true };
    expect(await displayEvents({ 'text/plain': '' }, clear, keeper)).toEqual([{ kind: 'display', data: {}, metadata: clear }]);
    const image = await displayEvents({ 'image/png': PNG.toString('base64') }, { display_id: 'bar', update: true }, keeper);
    expect(image).toMatchObject([{ kind: 'asset', displayId: 'bar', update: true }]);
  });

  it('RU20 an update names all its parts, and a clearing passes as it is', async () => {
    const bundle = { 'text/plain': '<Figure>', 'image/png': PNG.toString('base64'), 'text/html': '<b>x</b>' };
    const events = await displayEvents(bundle, { display_id: 'a', update: true }, keeper);
    expect(events).toMatchObject([
      { kind: 'asset', displayId: 'a', update: true },
      { kind: 'display', metadata: { display_id: 'a', more: true, alternativeOf: expect.any(String) } },
    ]);
    expect(events[1]).not.toHaveProperty('metadata.update');
    const first = await displayEvents({ 'text/plain': '1' }, { display_id: 'a', isolated: true }, keeper);
    expect(first).toEqual([{ kind: 'display', data: { 'text/plain': '1' }, metadata: { display_id: 'a', isolated: true } }]);
    const clear = { kind: 'display', data: {}, metadata: { clear_output: true, wait: true } };
    expect(await displayEvents({}, { clear_output: true, wait: true, more: 'x'.repeat(9_000) }, keeper)).toEqual([clear]);
  });

  it('SE4 an assets folder that leads out of the project gets no file', async () => {
    symlinkSync(tmpdir(), path.join(dir, '_assets'));
    const [event] = await displayEvents({ 'image/png': PNG.toString('base64') }, {}, keeper);
    expect(event).not.toHaveProperty('path');
  });

  it('RU18 values over the limit become assets and every event fits', async () => {
    const events = await displayEvents(
      { 'text/plain': 'small', 'text/html': 'h'.repeat(3_000_000), 'application/json': { a: 'j'.repeat(200_000) } },
      {},
      keeper,
    );
    expect(events.map((event) => event.kind)).toEqual(['asset', 'asset', 'display']);
    for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(MAX_EVENT_BYTES);
  });

  it('RU18 50 MB of assets a run, then a warning that says so', async () => {
    const big = Buffer.alloc(MAX_RUN_ASSET_BYTES - 10);
    expect(await keeper.keep(big, 'application/pdf')).not.toBeNull();
    const events = await displayEvents({ 'image/png': PNG.toString('base64'), 'text/plain': 'p' }, {}, keeper);
    expect(events.map((event) => event.kind)).toEqual(['warning', 'display']);
  });
});
