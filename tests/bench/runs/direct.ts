import { randomUUID } from 'node:crypto';
import { startNativePython } from '@markco/agent/runtimes/native-python';
import type { Runtime } from '@markco/agent/runtimes/runtime';

/** The runtime the agent would start, started and called by us. */
export const startDirect = (root: string): Promise<Runtime> => startNativePython({ projectRoot: root, cwd: root, session: 'bench' });

/** One execution over MRP, without MarkCo; ms since the call. */
export async function runDirect(runtime: Runtime, code: string): Promise<{ firstOutput: number; ended: number }> {
  const began = performance.now();
  let firstOutput = Number.NaN;
  await runtime.execute({ execId: randomUUID(), code, storeHistory: true, allowStdin: true }, (event) => {
    if (event.event === 'stdout' && Number.isNaN(firstOutput)) firstOutput = performance.now() - began;
  });
  return { firstOutput, ended: performance.now() - began };
}
