import { strict as assert } from 'node:assert';
import { fuzzFrames } from '@markco/testing/fuzz-frames';
import { FuzzDocument } from './fuzz-document.ts';
import { readOrRefuse } from './read-or-refuse.ts';

/** What became of the frames. `slowest`: the one that kept the process busy the longest. */
interface InProcessReport {
  frames: number;
  documents: number;
  readonly refused: Record<number, number>;
  taken: number;
  slowest: { frame: number; bytes: number; ms: number; refused: string | null };
}

/** What is taken makes a document longer, and nobody's document is made of fuzz for long. */
const FRAMES_A_DOCUMENT = 500;

/**
 * SY14: sends `count` frames of a seed, one by one, to relays in this process, and throws where a frame that must be refused is not or
 * shows anything, or where a document is not what the frames that were taken make, or cannot be loaded.
 */
export async function fuzzInProcess(seed: number, count: number): Promise<InProcessReport> {
  const slowest = { frame: 0, bytes: 0, ms: 0, refused: null };
  const report: InProcessReport = { frames: 0, documents: 0, refused: {}, taken: 0, slowest };
  const frames = fuzzFrames(seed);
  while (report.frames < count) {
    const document = await FuzzDocument.start();
    report.documents++;
    for (let n = 0; n < FRAMES_A_DOCUMENT && report.frames < count; n++)
      await sendOne(document, frames.next().value as Uint8Array | string, report);
    await document.verify();
    await document.stop();
  }
  return report;
}

async function sendOne(document: FuzzDocument, frame: Uint8Array | string, report: InProcessReport): Promise<void> {
  report.frames++;
  const { refused, ms } = await document.take(frame);
  if (refused) report.refused[refused.code] = (report.refused[refused.code] ?? 0) + 1;
  else report.taken++;
  assert.ok(refused || readOrRefuse(frame), `frame ${report.frames} must be refused and was not`);
  if (ms > report.slowest.ms)
    report.slowest = { frame: report.frames, bytes: frame.length, ms: Math.round(ms), refused: refused?.reason ?? null };
}
