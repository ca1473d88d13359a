import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { Db } from '@markco/db/client';
import type { Run } from '@markco/db/generated/client';
import type { DayBook } from './day-book.ts';
import type { DayRun } from './day-person.ts';
import type { DayWatcher } from './day-watcher.ts';

export interface Evidence {
  readonly db: Db;
  readonly book: DayBook;
  /** The states a run went through, as `state attempt`. */
  readonly statesOf: (db: Db, runId: string) => Promise<string[]>;
}

/** Endings whose words say that nothing was executed. */
const NEVER_BEGAN = new Set(['upstream_failed', 'discarded', 'waited_too_long', 'not_started']);

/** What is wrong with one run when everything is over; nothing where every promise was kept. */
export async function runFaults(evidence: Evidence, run: DayRun): Promise<string[]> {
  const { db, book, statesOf } = evidence;
  const { runId } = run.request;
  const row = await db.run.findUnique({ where: { id: runId } });
  const executions = book.executionsOf(run.plan.tag);
  if (!row) {
    if (run.known === 'made') return ['RU2: a run that was answered is not there'];
    return executions.length > 0 ? ['a run that was never made was executed'] : [];
  }
  const rows = await db.runEvent.findMany({ where: { runId }, orderBy: { seq: 'asc' } });
  const bodies = rows.map(({ body }) => body as RunEventBody);
  return [
    ...stateFaults(await statesOf(db, runId)),
    ...executionFaults(row, bodies, executions),
    ...eventFaults(row, rows, bodies),
    ...endFaults(row, bodies),
    ...outputFaults(row, bodies, book.printedBy(run.plan.tag), book.isFinished(run.plan.tag)),
  ].map((fault) => `${run.plan.tag} (${row.state} ${row.exitReason}): ${fault}`);
}

function stateFaults(states: readonly string[]): string[] {
  const names = states.map((state) => state.split(' ')[0] as RunState);
  const faults: string[] = [];
  if (names.filter((name) => name === 'running').length > 1) faults.push(`RU10: granted twice: ${states}`);
  if (names.filter(isTerminal).length > 1) faults.push(`RU1: ended twice: ${states}`);
  if (!isTerminal(names.at(-1)!)) faults.push(`never ended: ${states}`);
  return faults;
}

function executionFaults(row: Run, bodies: readonly RunEventBody[], executions: ReturnType<DayBook['executionsOf']>): string[] {
  const faults: string[] = [];
  const started = bodies.find((body) => body.kind === 'started');
  if (executions.length > 1) faults.push(`RU10: executed ${executions.length} times: ${JSON.stringify(executions)}`);
  const [first] = executions;
  if (first && !row.grantedAt) faults.push('RU10: executed without a grant');
  if (first && row.exitReason && NEVER_BEGAN.has(row.exitReason)) faults.push('RU11: "nothing was executed", but it was');
  if (!first && (started || row.state === 'completed')) faults.push('said to have started, but was not executed');
  if (first && row.ranOn !== (first.on.startsWith('worker') ? 'Cloud' : first.on))
    faults.push(`RU22: ran on ${first.on}, not on ${row.ranOn}`);
  if (first && row.startedAt && row.freshSession !== first.fresh)
    faults.push(`RU6: the page says ${row.freshSession ? 'fresh session' : 'variables there'}, and it was not so`);
  return faults;
}

function eventFaults(row: Run, rows: readonly { seq: number }[], bodies: readonly RunEventBody[]): string[] {
  const faults: string[] = [];
  if (rows.some(({ seq }, i) => seq !== i + 1)) faults.push(`RU16: stored ${rows.map(({ seq }) => seq)}`);
  if (rows.length !== row.lastSeq) faults.push(`RU16: ${rows.length} events are stored and the row says ${row.lastSeq}`);
  const last = bodies.findIndex(({ kind }) => kind === 'ended');
  if (last >= 0 && last !== bodies.length - 1) faults.push('RU16: something follows the last event');
  if ((row.state === 'completed' || row.state === 'failed') && last < 0) faults.push('ended without a last event');
  if (row.startedAt && row.endedAt && row.startedAt > row.endedAt) faults.push('RU22: it ended before it started');
  return faults;
}

/** RU11: the end in the row is the one its computer told. */
function endFaults(row: Run, bodies: readonly RunEventBody[]): string[] {
  const told = bodies.find((body) => body.kind === 'ended');
  if (told?.kind !== 'ended' || row.exitReason === 'device_lost' || row.state === told.outcome) return [];
  return [`RU11: its computer told ${told.outcome} (${told.reason})`];
}

function outputFaults(row: Run, bodies: readonly RunEventBody[], printed: string, finished: boolean): string[] {
  const ended = bodies.some(({ kind }) => kind === 'ended');
  if (finished && row.grantedAt && !ended) return ['RU11: its end was never told, though every computer came back'];
  const stored = bodies.map((body) => (body.kind === 'stdout' ? body.text : '')).join('');
  if (stored === printed) return [];
  if (!printed.startsWith(stored)) return [`the output is not what was printed: ${JSON.stringify({ stored, printed })}`];
  if (ended || finished) return [`RU16: output is missing: ${JSON.stringify({ stored, printed })}`];
  return row.message ? [] : ['output was cut off, and nothing says so'];
}

/** RU17: every page saw exactly what is stored, and those that saw an end saw the right one. */
export async function watchFaults(db: Db, watcher: DayWatcher): Promise<string[]> {
  const rows = await db.runEvent.findMany({ where: { runId: watcher.runId }, orderBy: { seq: 'asc' } });
  const seen = JSON.stringify(watcher.events);
  const stored = JSON.stringify(rows.slice(0, watcher.events.length).map(({ seq, at, body }) => ({ seq, at: at.getTime(), body })));
  const faults = [...watcher.faults];
  if (sorted(seen) !== sorted(stored)) faults.push('RU17: a page was shown other events than those stored');
  const row = await db.run.findUniqueOrThrow({ where: { id: watcher.runId } });
  if (watcher.ended && watcher.view?.state !== row.state) faults.push(`RU1: a page saw ${watcher.view?.state}, and it is ${row.state}`);
  return faults;
}

/** RU8, RU9: the runs of a session started in the order they arrived, one at a time. */
export function orderFaults(rows: readonly Run[], held: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const granted = rows.filter((row) => row.grantedAt && !held.has(row.id));
  for (const first of granted) {
    for (const second of granted) {
      const sameSession = first.sessionName === second.sessionName && first.language === second.language;
      const before = Number(second.createdAt) - Number(first.createdAt) > 1_000;
      if (sameSession && before && second.grantedAt! < first.grantedAt!) faults.push(`RU8: ${second.code} overtook ${first.code}`);
    }
  }
  return faults;
}

const sorted = (json: string): string =>
  JSON.stringify(JSON.parse(json), (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
