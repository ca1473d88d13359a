// The worker thread of fold-thread.ts: folds one log after the other.
import { parentPort } from 'node:worker_threads';
import { foldLog } from './fold-log.mjs';

parentPort?.on('message', ({ id, snapshot, updates }) => {
  try {
    const folded = foldLog(snapshot, updates);
    parentPort.postMessage({ id, folded });
  } catch (error) {
    parentPort.postMessage({ id, problem: error instanceof Error ? error.message : String(error) });
  }
});
