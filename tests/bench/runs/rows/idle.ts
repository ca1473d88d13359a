import { setTimeout as sleep } from 'node:timers/promises';
import { cpuUse } from '../../lib/cpu-use.ts';
import type { WorldRow } from '../row.ts';

/** The last output reaches its document before anything counts as idle. */
const SETTLE_MS = 5_000;

/** What an installation costs when nothing happens. */
export const idle: WorldRow = {
  number: 4,
  title: 'nothing to do: CPU, % of one core',
  async inWorld({ pids }, { quick }) {
    await sleep(SETTLE_MS);
    const used = await cpuUse(pids, quick ? 5_000 : 20_000);
    const lines = Object.entries(used ?? {}).map(([what, share]) => ({ what, ours: (share * 100).toFixed(1) }));
    return { lines, readings: used };
  },
};
