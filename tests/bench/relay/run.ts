import { printReport, type Results } from './report.ts';
import type { Bench, Reading, Row } from './row.ts';
import { coldOpen } from './rows/cold-open.ts';
import { databaseAway } from './rows/database-away.ts';
import { durableAck } from './rows/durable-ack.ts';
import { fanOut } from './rows/fan-out.ts';
import { fuzz } from './rows/fuzz.ts';
import { kill } from './rows/kill.ts';
import { memory } from './rows/memory.ts';
import { observersCpu } from './rows/observers-cpu.ts';
import { stalledReader } from './rows/stalled-reader.ts';
import { storm } from './rows/storm.ts';
import { sustained } from './rows/sustained.ts';
import { twoNodes } from './rows/two-nodes.ts';
import { startBenchPostgres } from './servers/bench-database.ts';
import { SERVERS, type ServerName } from './servers/bench-server.ts';

/**
 * The relay's goals, ours beside the peers: every server a process of its own, the same load, the same Postgres with fsync, in turns
 * within each round, medians of the rounds. Arguments choose rows by number; `BENCH_QUICK=1` makes one short round of small shapes.
 */
const ROWS: readonly Row[] = [
  kill,
  durableAck,
  fanOut,
  observersCpu,
  memory,
  coldOpen,
  stalledReader,
  databaseAway,
  fuzz,
  storm,
  sustained,
  twoNodes,
];

const quick = process.env.BENCH_QUICK === '1';
const rounds = Number(process.env.BENCH_ROUNDS ?? (quick ? 1 : 5));
const rows = chosen(process.argv.slice(2));
const began = performance.now();
const cleanUps: (() => Promise<void>)[] = [];
// While Postgres ends nothing else may be going on, and Node would leave in the middle of the await.
setInterval(() => {}, 1_000);
const postgres = await startBenchPostgres();
const bench: Bench = { quick, postgres, onEnd: (cleanUp) => void cleanUps.push(cleanUp) };
const results: Results = new Map(rows.map((row) => [row, new Map(SERVERS.map((name) => [name, []]))]));
try {
  for (let round = 0; round < rounds; round++) {
    for (const row of rows.filter((each) => round < (each.rounds ?? rounds))) {
      for (const name of turns(round))
        results
          .get(row)!
          .get(name)!
          .push(await measure(row, name, round));
    }
  }
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  await postgres.stop();
}
await printReport(results, { rounds, quick, seconds: (performance.now() - began) / 1000 });
// Awareness timers of stock clients would keep the process.
process.exit(0);

function chosen(numbers: readonly string[]): readonly Row[] {
  const unknown = numbers.filter((number) => !ROWS.some((row) => String(row.number) === number));
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}. There are: ${ROWS.map((row) => row.number).join(', ')}.`);
  return numbers.length === 0 ? ROWS : ROWS.filter((row) => numbers.includes(String(row.number)));
}

/** Each round begins with another server: nobody has the warm or the cold place always. */
function turns(round: number): ServerName[] {
  return SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length]!);
}

async function measure(row: Row, name: ServerName, round: number): Promise<Reading> {
  const reading = await row.measure(bench, name);
  const figures = row.metrics.map(
    ({ key, what, digits = 0 }) => `${what} ${reading.instead?.[key] ?? reading.figures[key]?.toFixed(digits)}`,
  );
  const at = new Date().toTimeString().slice(0, 8);
  console.error(`${at} round ${round + 1}/${Math.min(rounds, row.rounds ?? rounds)}, row ${row.number}, ${name}: ${figures.join('; ')}`);
  return reading;
}
