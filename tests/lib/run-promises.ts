import { parseCells } from '@markco/core/document/cells';
import { outputBody } from '@markco/core/run/output-body';
import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import { expect } from 'vitest';
import { until } from './installation.ts';
import type { SeenRun } from './phone.ts';
import { statesOf } from './run-states.ts';
import { NOTEBOOK, type RunWorld } from './run-world.ts';

/** A cell with a side effect that counts its executions, and a gate halfway that {@link RunWorld.openGate} opens. */
export const gatedCell = (tag: string): string =>
  [
    'import os, time',
    `open('count-${tag}', 'a').write('x')`,
    "for i in range(20): print('line', i, flush=True)",
    `while not os.path.exists('go-${tag}'): time.sleep(0.01)`,
    "for i in range(20, 40): print('line', i, flush=True)",
    "print('all said')",
  ].join('\n');

/** What a gated cell prints up to its gate, and in all. */
export const HALF = lines(20);
export const WHOLE_OUTPUT = `${lines(40)}all said\n`;

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
}

/**
 * What holds for every run, whatever happened: at most one grant and one end, and nothing after it; the stored events are 1, 2, 3 …, the
 * watcher saw exactly those, once each; and the document shows exactly what they say, in the run's own block under its cell.
 */
export async function expectPromises(world: RunWorld, seen: SeenRun, cell: number): Promise<void> {
  const runId = seen.run.id;
  await expectStates(world, runId);
  const stored = await storedEvents(world, runId);
  expect(
    stored.map(({ seq }) => seq),
    'RU16: stored without a gap',
  ).toEqual(stored.map((_, i) => i + 1));
  const seqs = seen.events.map(({ seq }) => seq);
  expect(seqs, 'RU17: watched without gap or repeat').toEqual(seqs.map((_, i) => i + 1));
  expect(seen.events).toEqual(stored.slice(0, seqs.length).map(({ seq, at, body }) => ({ seq, at: at.getTime(), body })));
  if (seen.run.state === 'completed' || seen.run.state === 'failed') {
    expect(seqs).toHaveLength(stored.length);
    expect(stored.map(({ kind }) => kind).lastIndexOf('ended'), 'RU16: the terminal event is the last, and the only one').toBe(
      stored.findIndex(({ kind }) => kind === 'ended'),
    );
    expect(stored.at(-1)?.kind).toBe('ended');
  }
  await expectBlock(world, runId, cell);
}

async function expectStates(world: RunWorld, runId: string): Promise<void> {
  const states = await statesOf(world.db, runId);
  const names = states.map((state) => state.split(' ')[0] as RunState);
  expect(names.filter((name) => name === 'running').length, `RU10: granted at most once: ${states}`).toBeLessThanOrEqual(1);
  expect(names.filter(isTerminal).length, `RU1: one terminal state: ${states}`).toBe(1);
  expect(isTerminal(names.at(-1)!), `RU1: nothing after it: ${states}`).toBe(true);
}

async function storedEvents(world: RunWorld, runId: string) {
  const rows = await world.db.runEvent.findMany({ where: { runId }, orderBy: { seq: 'asc' } });
  const { lastSeq } = await world.db.run.findUniqueOrThrow({ where: { id: runId } });
  expect(rows.length, 'RU16: the row counts what is stored').toBe(lastSeq);
  return rows;
}

/** RU20: waits until the document shows the stored output, recovered output included. */
async function expectBlock(world: RunWorld, runId: string, cell: number): Promise<void> {
  const text = () => world.notebook.text.toString();
  let expected = '';
  const isShown = async () => {
    const rows = await world.db.runEvent.findMany({ where: { runId }, orderBy: { seq: 'asc' } });
    const bodies = rows.map((row) => row.body as RunEventBody);
    expected = outputBody(bodies, NOTEBOOK).replace(/\n$/, '');
    const { outputCommittedSeq } = await world.db.run.findUniqueOrThrow({ where: { id: runId } });
    const block = parseCells(text())[cell]?.output;
    return (
      outputCommittedSeq === rows.length &&
      text().split(`output:${runId}`).length === 2 &&
      block?.runId === runId &&
      block.text === expected
    );
  };
  await until('the output stands in the document', isShown).catch((error: Error) => {
    throw new Error(`RU20: ${error.message}: once under cell ${cell}: ${JSON.stringify(expected)} in\n${text()}`);
  });
}
