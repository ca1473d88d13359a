import { spawn } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { fuzzFrames } from '@markco/testing/fuzz-frames';
import { converged, startRelayWithDocument, stockClient, storedText, until } from '@markco/testing/relay-harness';
import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { WHOLE } from '../lib/chaos-scenario.ts';
import { fuzzInProcess } from '../lib/fuzz-in-process.ts';
import { readOrRefuse } from '../lib/read-or-refuse.ts';
import type { FuzzReport } from '../lib/send-fuzz-frames.ts';

/** Over sockets a refused frame costs a connection, within the process hardly more than itself. `npm run chaos` sends 100,000 in all, of a new seed. */
const FRAMES = Number(process.env.MARKCO_TEST_FUZZ_FRAMES ?? 2_000);
const FRAMES_IN_PROCESS = Number(process.env.MARKCO_TEST_FUZZ_FRAMES_IN_PROCESS ?? (WHOLE ? 98_000 : 20_000));
const SEED = Number(process.env.MARKCO_TEST_FUZZ_SEED ?? (WHOLE ? Math.floor(Math.random() * 2 ** 32) : 1_605_323_107));
const SENDER = fileURLToPath(new URL('../lib/send-fuzz-frames.ts', import.meta.url));
const MB = 1024 * 1024;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe('SY14 a relay under fuzzed frames', () => {
  it(`SY14 ${FRAMES_IN_PROCESS} frames one by one: none shows a byte where it is refused, and every document is what the others make, loaded and folded`, async () => {
    console.log(`relay-fuzz: seed ${SEED} within the process`);
    // Most frames end in an error that nobody reads; its stack would cost more than the frame.
    const { stackTraceLimit } = Error;
    cleanUps.push(() => {
      Error.stackTraceLimit = stackTraceLimit;
    });
    Error.stackTraceLimit = 0;
    const report = await fuzzInProcess(SEED, FRAMES_IN_PROCESS);
    console.log(`relay-fuzz: ${JSON.stringify(report)}`);
    expect(report.frames).toBe(FRAMES_IN_PROCESS);
    expect(report.refused[4400]).toBeGreaterThan(FRAMES_IN_PROCESS / 4);
    expect(report.taken).toBeGreaterThan(FRAMES_IN_PROCESS / 10);
  }, 600_000);

  it(`SY14 ${FRAMES} frames: it lives, closes their sockets, and everyone else's document is what the legal ones made it`, async () => {
    const seed = SEED;
    console.log(`relay-fuzz: seed ${seed}`);
    const harness = await startRelayWithDocument();
    cleanUps.push(() => harness.stop());
    const typist = stockClient(harness, harness.ref, { as: 'typist' });
    const observer = stockClient(harness, harness.ref, { as: 'observer' });
    for (const { provider } of [typist, observer]) cleanUps.push(() => provider.destroy());
    await until(() => typist.provider.synced && observer.provider.synced);

    const typed: string[] = [];
    const typing = setInterval(() => {
      const token = `⟦${typed.length}⟧`;
      typed.push(token);
      const text = typist.doc.getText('mine');
      text.insert(text.length, token);
    }, 50);
    cleanUps.push(() => clearInterval(typing));
    const before = process.memoryUsage().heapUsed;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const report = await sendFrames(harness.documentUrl(harness.ref), seed);
    delay.disable();
    clearInterval(typing);

    await until(() => observer.provider.synced && typist.provider.synced && mine(observer.doc) === typed.join(''), 120_000, 'the observer');
    await converged([typist.doc, observer.doc], 120_000);
    const grown = process.memoryUsage().heapUsed - before;
    console.log(
      `relay-fuzz: ${JSON.stringify(report)}, longest wait ${Math.round(delay.max / 1e6)} ms, heap +${Math.round(grown / MB)} MB`,
    );

    expect(report.notClosed).toBe(0);
    // 1013: to everyone, where a frame showed only while it was applied that it was none.
    expect((report.closed[4400] ?? 0) + (report.closed[1013] ?? 0)).toBeGreaterThanOrEqual(report.refusedByReading * 0.95);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe(observer.doc.getText('content').toString());
    expectOnlyLegal(harness.store.rows.get(harness.ref.documentId)!.updates, seed, typist.doc.clientID);
    // The machine of the tests may be busy with other things. This would be a hang.
    if (WHOLE) expect(delay.max / 1e6).toBeLessThan(10_000);
    expect(grown).toBeLessThan(400 * MB);
  }, 480_000);
});

const mine = (doc: Y.Doc): string => doc.getText('mine').toString();

function sendFrames(url: string, seed: number): Promise<FuzzReport> {
  const sender = spawn(process.execPath, ['--import', 'tsx', SENDER, url, String(seed), String(FRAMES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(() => sender.kill());
  let out = '';
  sender.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  return new Promise((resolve, reject) => {
    sender.once('error', reject);
    sender.once('exit', (code) =>
      code === 0 ? resolve(JSON.parse(out) as FuzzReport) : reject(new Error(`The sender ended with ${code}.`)),
    );
  });
}

/** Every struct in the store came in a frame that passes the checks, or from the typist. */
function expectOnlyLegal(stored: readonly Uint8Array[], seed: number, typist: number): void {
  const legal = new Map<number, [number, number][]>();
  let left = FRAMES;
  for (const frame of fuzzFrames(seed)) {
    if (left-- === 0) break;
    for (const { client, from, to } of rangesOf(frame)) {
      const ranges = legal.get(client);
      if (ranges) ranges.push([from, to]);
      else legal.set(client, [[from, to]]);
    }
  }
  const strange = stored.flatMap((update) =>
    [...Y.parseUpdateMeta(update).to.keys()].filter((client) => client !== typist && !legal.has(client)),
  );
  expect(strange).toEqual([]);
}

function rangesOf(frame: Uint8Array | string) {
  const read = readOrRefuse(frame);
  return read?.kind === 'update' ? read.info.ranges : [];
}
