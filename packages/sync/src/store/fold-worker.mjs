// The worker thread of fold-thread.ts: one job after the other.
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { checksumOf, foldLog } from './fold-log.mjs';

// On Linux this is the thread's alone: editing comes first where there are more threads than cores.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

parentPort?.on('message', ({ id, kind, snapshot, updates }) => {
  try {
    const result = kind === 'checksum' ? checksumOf(snapshot, updates) : foldLog(snapshot, updates);
    parentPort.postMessage({ id, result }, buffersOf(result));
  } catch (error) {
    parentPort.postMessage({ id, problem: error instanceof Error ? error.message : String(error) });
  }
});

/** Handed over instead of copied, where they are not part of something larger. */
function buffersOf(result) {
  if (typeof result === 'string') return [];
  return [result.snapshot, result.wire, result.gaps].flatMap((bytes) =>
    bytes && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [],
  );
}
