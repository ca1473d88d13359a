import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, printTable } from '../lib/print-table.ts';
import type { Findings, Line, RunsRow } from './row.ts';

export type Results = ReadonlyMap<RunsRow, Findings>;

const HEAD = ['#', 'what', 'MarkCo', 'goal', 'MRP directly', 'Jupyter'];

/** Prints all rows as one table in markdown and writes what they were made of to `.cache/bench/runs.json`. */
export async function printReport(results: Results, run: { quick: boolean; seconds: number }): Promise<void> {
  const rows = [...results].flatMap(([row, { lines }]) => lines.map((line, i) => cells(row, line, i === 0)));
  printTable(`Runs${run.quick ? ', quick shapes' : ''}`, HEAD, rows);
  console.log(`\nTook ${(run.seconds / 60).toFixed(1)} minutes. Every output of ours is in Postgres before it is shown.`);
  for (const [row, { remarks }] of results) for (const remark of remarks ?? []) console.log(`- Row ${row.number}: ${remark}`);
  console.log(`\nAll readings: ${await writeJson(results, run)}`);
}

function cells(row: RunsRow, { what, ours, goal, directly, jupyter }: Line, isFirst: boolean): string[] {
  const verdict = goal ? `${goal.words}: ${goal.met ? 'met' : '**missed**'}` : '';
  return [isFirst ? String(row.number) : '', isFirst ? `${row.title}: ${what}` : what, ours, verdict, directly ?? '', jupyter ?? ''];
}

async function writeJson(results: Results, run: object): Promise<string> {
  const folder = fileURLToPath(new URL('../../../.cache/bench/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'runs.json');
  const rows = [...results].map(([{ number, title }, findings]) => ({ number, title, ...findings }));
  await writeFile(path, `${JSON.stringify({ machine: machine(), ...run, rows }, null, 2)}\n`);
  return path;
}
