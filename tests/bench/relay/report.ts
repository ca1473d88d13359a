import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { percentile } from '../lib/numbers.ts';
import { machine, printTable } from '../lib/print-table.ts';
import type { Metric, Reading, Row } from './row.ts';
import { SERVERS, type ServerName } from './servers/bench-server.ts';

export type Results = Map<Row, Map<ServerName, Reading[]>>;

const OURS: ServerName = 'MarkCo';
/** Above this the load generator may be what was measured. */
const BUSY = 0.7;

/** Prints the goals' table in markdown and writes all readings to `.cache/bench/relay.json`. */
export async function printReport(results: Results, run: { rounds: number; quick: boolean; seconds: number }): Promise<void> {
  const lines = [...results].flatMap(([row, readings]) => row.metrics.map((metric, i) => line(row, metric, readings, i === 0)));
  const title = `Relay: medians of ${run.rounds} interleaved round${run.rounds > 1 ? 's' : ''} (least–most)${run.quick ? ', quick shapes' : ''}`;
  printTable(title, ['#', 'what', 'goal', OURS, '', ...SERVERS.slice(1)], lines);
  console.log(`\nTook ${(run.seconds / 60).toFixed(1)} minutes. Only MarkCo shows an edit after it is durable.`);
  for (const remark of remarks(results)) console.log(`- ${remark}`);
  const path = await writeJson(results, run);
  console.log(`\nAll readings: ${path}`);
}

function line(row: Row, metric: Metric, readings: ReadonlyMap<ServerName, Reading[]>, isFirst: boolean): string[] {
  const [ours, ...peers] = SERVERS.map((name) => cell(metric, readings.get(name)!));
  const values = valuesOf(metric, readings.get(OURS)!);
  const what = isFirst ? `${row.title}: ${metric.what}` : metric.what;
  return [isFirst ? String(row.number) : '', what, goalText(metric), ours!, verdict(metric, values), ...peers];
}

function cell(metric: Metric, readings: readonly Reading[]): string {
  const instead = readings.map(({ instead: why }) => why?.[metric.key]).find((why) => why !== undefined);
  if (instead !== undefined) return instead;
  const values = valuesOf(metric, readings);
  if (values.length === 0) return '–';
  const text = (value: number) => (Number.isFinite(value) ? value.toFixed(metric.digits ?? 0) : 'never');
  const [median, least, most] = [percentile(values, 0.5), Math.min(...values), Math.max(...values)];
  return text(least) === text(most) ? text(median) : `${text(median)} (${text(least)}–${text(most)})`;
}

/** What did not happen at all counts as worst. */
function valuesOf(metric: Metric, readings: readonly Reading[]): number[] {
  const worst = metric.goal && 'atLeast' in metric.goal ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return readings.flatMap(({ figures }) => (metric.key in figures ? [figures[metric.key]!] : [])).map((n) => (Number.isNaN(n) ? worst : n));
}

function goalText({ goal }: Metric): string {
  if (!goal) return '';
  return 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
}

function verdict({ goal, digits = 0 }: Metric, values: readonly number[]): string {
  if (!goal || values.length === 0) return '';
  const median = Number(percentile(values, 0.5).toFixed(digits));
  return ('atMost' in goal ? median <= goal.atMost : median >= goal.atLeast) ? 'met' : '**missed**';
}

function remarks(results: Results): string[] {
  const found = new Set<string>();
  for (const [row, readings] of results) {
    for (const [name, all] of readings) {
      for (const { remark } of all) if (remark) found.add(`Row ${row.number}, ${name}: ${remark}`);
      const busy = Math.max(0, ...all.map(({ generator = 0 }) => generator));
      if (busy > BUSY) found.add(`Row ${row.number}, ${name}: the load generator was busy ${Math.round(busy * 100)} % of the time.`);
    }
  }
  return [...found];
}

async function writeJson(results: Results, run: object): Promise<string> {
  const folder = fileURLToPath(new URL('../../../.cache/bench/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const rows = [...results].map(([{ number, title, metrics }, readings]) => ({
    number,
    title,
    metrics: metrics.map((metric) => ({ ...metric, verdict: verdict(metric, valuesOf(metric, readings.get(OURS)!)) })),
    readings: Object.fromEntries(readings),
  }));
  const path = join(folder, 'relay.json');
  await writeFile(path, `${JSON.stringify({ machine: machine(), ...run, rows }, null, 2)}\n`);
  return path;
}
