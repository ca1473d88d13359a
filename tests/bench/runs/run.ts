import { delimiter, dirname } from 'node:path';
import { startBenchPostgres } from '../relay/servers/bench-database.ts';
import { CELLS } from './cells.ts';
import { startFleet } from './fleet/fleet.ts';
import { findJupyter } from './jupyter/jupyter.ts';
import { quick } from './quick.ts';
import { printReport } from './report.ts';
import type { Findings, FleetRow, RunsBench, RunsRow, WorldRow } from './row.ts';
import { agents } from './rows/agents.ts';
import { dispatch } from './rows/dispatch.ts';
import { idle } from './rows/idle.ts';
import { largeOutput } from './rows/large-output.ts';
import { manyLines } from './rows/many-lines.ts';
import { overhead } from './rows/overhead.ts';
import { startWorld } from './world.ts';

/** The goals of runs, one row a file. Arguments choose rows by number; `BENCH_QUICK=1` makes small shapes. */
const WORLD_ROWS: readonly WorldRow[] = [overhead, manyLines, largeOutput, idle];
const FLEET_ROWS: readonly FleetRow[] = [dispatch, agents];

const began = performance.now();
const numbers = process.argv.slice(2);
const all: readonly RunsRow[] = [...WORLD_ROWS, ...FLEET_ROWS];
const unknown = numbers.filter((number) => !all.some((row) => String(row.number) === number));
if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}. There are: ${all.map((row) => row.number).join(', ')}.`);
const isChosen = (row: RunsRow) => numbers.length === 0 || numbers.includes(String(row.number));
const bench: RunsBench = { quick, jupyter: findJupyter() };
// The same Python for all: cells run in the first `python3` there is.
if (bench.jupyter.python) process.env.PATH = `${dirname(bench.jupyter.python)}${delimiter}${process.env.PATH}`;
const results = new Map<RunsRow, Findings>();

await inWorld(WORLD_ROWS.filter(isChosen));
await withFleet(FLEET_ROWS.filter(isChosen));
await printReport(results, { quick, seconds: (performance.now() - began) / 1000 });

async function inWorld(rows: readonly WorldRow[]): Promise<void> {
  if (rows.length === 0) return;
  const world = await startWorld(CELLS);
  try {
    for (const row of rows) keep(row, await row.inWorld(world, bench));
  } finally {
    await world.remove();
  }
}

async function withFleet(rows: readonly FleetRow[]): Promise<void> {
  if (rows.length === 0) return;
  const postgres = await startBenchPostgres();
  try {
    for (const row of rows) keep(row, await row.withFleet(() => startFleet(postgres), bench));
  } finally {
    await postgres.stop();
  }
}

function keep(row: RunsRow, findings: Findings): void {
  results.set(row, findings);
  const at = new Date().toTimeString().slice(0, 8);
  console.error(`${at} row ${row.number}: ${findings.lines.map(({ what, ours }) => `${what} ${ours}`).join('; ')}`);
}
