import { browserPath } from '../../../lib/browser.ts';
import { percentile } from '../../lib/numbers.ts';
import { LARGE } from '../cells.ts';
import { openWatchingPage } from '../page/watching-page.ts';
import { peakMemory, resetPeaks } from '../peak-memory.ts';
import { atMost, type Findings, type Line, type WorldRow } from '../row.ts';
import type { World } from '../world.ts';

/** Long enough for the slowest of two machines; a hang is not measured for ever. */
const WITHIN_MS = 20 * 60_000;
/** A third of what is printed: who held it all would need more. */
const BOUND_MB = 64;
const TAP_GOAL_MS = 200;
const SERVERS = ['web', 'sync', 'agent'] as const;

/** A cell that prints more than anybody should hold: peaks of memory on the way, and whether the phone's page still answers. */
export const largeOutput: WorldRow = {
  number: 3,
  title: `a cell that prints ${LARGE.megabytes} MB`,
  async inWorld(world) {
    if (process.platform !== 'linux') return nothing('Linux only');
    // On the computer first: a session stays where it ran last (RU6).
    const watched = browserPath ? await inBrowser(world) : null;
    const cloud = await inCloud(world);
    if (!watched) return { ...cloud, lines: [...nothing('no Chromium').lines, ...cloud.lines] };
    return { lines: [...watched.lines, ...cloud.lines], readings: { watched: watched.readings, cloud: cloud.readings } };
  },
};

const nothing = (why: string): Findings => ({ lines: [{ what: 'peak memory', ours: why }], readings: null });

async function inBrowser(world: World): Promise<Findings> {
  const page = await openWatchingPage(world.url, world.page);
  try {
    const pids = { ...Object.fromEntries(SERVERS.map((name) => [name, world.pids[name]!])), page: page.pid };
    await page.notebook.reveal(page.notebook.part('cell-run', LARGE.index));
    const before = memory(pids);
    resetPeaks(Object.values(pids));
    const began = performance.now();
    await page.notebook.run(LARGE.index);
    let ended = Number.NaN;
    const status = page.notebook.status(LARGE.index, 'Done', WITHIN_MS).finally(() => {
      ended = performance.now();
    });
    status.catch(() => undefined);
    const answers = await page.tapUntil(() => !Number.isNaN(ended));
    await status;
    const output = page.notebook.part('cell-output', LARGE.index);
    await page.notebook.reveal(output);
    await output.filter({ hasText: LARGE.last }).waitFor();
    const after = memory(pids);
    const seconds = (ended - began) / 1000;
    const worstTap = Math.max(...answers.taps);
    return {
      lines: [
        { what: 'from the tap to the end, s', ours: `${seconds.toFixed(1)} (${(LARGE.megabytes / seconds).toFixed(1)} MB/s)` },
        ...Object.keys(pids).map((name) => growth(name === 'page' ? "the phone's page" : name, before[name]!.now, after[name]!)),
        {
          what: `page: ${answers.taps.length} taps until they show, p50 / worst, ms`,
          ours: `${percentile(answers.taps, 0.5).toFixed(0)} / ${worstTap.toFixed(0)}`,
          goal: atMost(worstTap, TAP_GOAL_MS),
        },
        { what: 'page: longest task, ms', ours: answers.longestTask.toFixed(0) },
      ],
      readings: { seconds, before, after, answers },
    };
  } finally {
    await page.close();
  }
}

/** The same in the cloud's sandbox, watched by a script. */
async function inCloud(world: World): Promise<Findings> {
  const pids = { worker: world.pids.worker! };
  const before = memory(pids);
  resetPeaks(Object.values(pids));
  const seen = await world.client.run(LARGE.code, LARGE.index, { target: { kind: 'cloud' }, countOnly: true });
  if (!seen.stdout.includes(LARGE.last)) throw new Error('The end of what the cell printed was not seen.');
  const after = memory(pids);
  const seconds = seen.ended / 1000;
  return {
    lines: [
      { what: 'the same in the cloud, s', ours: `${seconds.toFixed(1)} (${(LARGE.megabytes / seconds).toFixed(1)} MB/s)` },
      growth('worker', before.worker!.now, after.worker!),
    ],
    readings: { seconds, before, after },
  };
}

type Memory = Record<string, ReturnType<typeof peakMemory>>;

const memory = (pids: Record<string, number>): Memory =>
  Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, peakMemory(pid)]));

function growth(name: string, before: number, { peak }: { peak: number }): Line {
  const more = peak - before;
  return {
    what: `${name}: memory before → peak, MB`,
    ours: `${before.toFixed(0)} → ${peak.toFixed(0)}`,
    goal: atMost(more, BOUND_MB, ' more'),
  };
}
