import { setTimeout as sleep } from 'node:timers/promises';
import { cpuUse } from '../lib/cpu-use.ts';
import { p50p95, percentile } from '../lib/numbers.ts';
import { printTable } from '../lib/print-table.ts';
import { runDirect, startDirect } from './direct.ts';
import { startWorld, type World } from './world.ts';

/**
 * What MarkCo costs a run: the same cell on the same kind of runtime, called directly and through the whole installation, in turns.
 * `BENCH_QUICK=1` makes fewer of them.
 */
const quick = process.env.BENCH_QUICK === '1';
const RUNS = quick ? 20 : 100;
const WARM_UP = quick ? 5 : 20;
const IDLE_MS = quick ? 5_000 : 20_000;
/** Between two runs: what follows an end (the output's way into the document) is not part of the next tap. */
const PAUSE_MS = 250;
const GOAL = { firstOutput: 15, ended: 25 };
const PRINT = 'print(1)';
const LINES = [20_000, 200_000];
const linesCell = (lines: number) => `for i in range(${lines}):\n    print(i)`;

interface Sample {
  firstOutput: number;
  ended: number;
}

const world = await startWorld([PRINT, ...LINES.map(linesCell)]);
try {
  const { direct, through } = await overhead(world);
  const floods = [];
  for (const [index, lines] of LINES.entries()) floods.push(await flood(world, lines, index + 1));
  // The last output reaches its document before anything counts as idle.
  await sleep(5_000);
  const idle = await cpuUse(world.pids, IDLE_MS);
  printOverhead(direct, through);
  printTable('Many lines through MarkCo', ['', 'lines/s seen, each in Postgres', 'first line, ms', 'all lines, ms'], floods);
  if (idle) printIdle(idle);
} finally {
  await world.remove();
}

async function overhead(where: World): Promise<{ direct: Sample[]; through: Sample[] }> {
  const runtime = await startDirect(where.root);
  const [direct, through]: Sample[][] = [[], []];
  try {
    for (let i = 0; i < WARM_UP + RUNS; i++) {
      const one = await runDirect(runtime, PRINT);
      const other = await where.client.run(PRINT, 0);
      if (other.stdout !== '1\n') throw new Error(`print(1) printed ${JSON.stringify(other.stdout)}`);
      if (i >= WARM_UP) {
        direct!.push(one);
        through!.push(other);
      }
      await sleep(PAUSE_MS);
    }
  } finally {
    await runtime.close();
  }
  return { direct: direct!, through: through! };
}

async function flood({ client }: World, lines: number, cell: number): Promise<string[]> {
  const seen = await client.run(linesCell(lines), cell);
  const all = seen.stdout.split('\n');
  // A watcher sees what is committed, so lines that were seen are lines that are kept.
  if (all.length !== lines + 1 || all[lines - 1] !== String(lines - 1)) throw new Error(`${all.length - 1} of ${lines} lines were seen`);
  const perSecond = lines / (seen.lastOutput / 1000);
  return [`${lines} lines`, perSecond.toFixed(0), seen.firstOutput.toFixed(0), seen.lastOutput.toFixed(0)];
}

function printOverhead(direct: Sample[], through: Sample[]): void {
  const rows = (['firstOutput', 'ended'] as const).map((moment) => {
    const own = through.map((sample) => sample[moment]);
    const added = own.map((value, i) => value - direct[i]![moment]);
    const met = percentile(added, 0.95) <= GOAL[moment] ? 'met' : 'missed';
    const name = moment === 'ended' ? 'to the end' : 'to the first output';
    return [`tap ${name}`, p50p95(direct.map((sample) => sample[moment])), p50p95(own), p50p95(added), `p95 ≤ ${GOAL[moment]}: ${met}`];
  });
  const head = [`\`print(1)\`, ${RUNS} runs, p50 / p95 ms`, 'MRP directly', 'MarkCo', 'added', 'goal'];
  printTable('A run: MarkCo over a direct call of the same runtime', head, rows);
  console.log(
    '\nMarkCo: `POST /api/runs`, then `WS /api/runs/:id/events`; every output is committed before it is shown. Jupyter is not measured here.',
  );
}

function printIdle(idle: Record<string, number>): void {
  const percent = Object.entries(idle).map(([name, share]) => [name, `${(share * 100).toFixed(1)} %`]);
  printTable(`Nothing to do: CPU of one core over ${IDLE_MS / 1000} s`, ['process', 'CPU'], percent);
}
