import type { RunState, RunView } from '@markco/core/run/run';
import { v7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DOCUMENT_ID, PROJECT_ID } from '../../test-support/sample-offer.ts';
import { openTerminal, type SignedInTerminal } from '../../test-support/signed-in-terminal.ts';
import { waiting } from './waiting.ts';

let terminal: SignedInTerminal;
let runs: RunView[];
const decisions: unknown[] = [];

beforeEach(async () => {
  terminal = await openTerminal();
  decisions.length = 0;
  runs = [view('queued', true), view('queued', false), view('completed', false), view('queued', true)];
  terminal.gateway.http = {
    'runs.list': (input) => {
      const { states, before } = input as { states?: RunState[]; before?: string };
      return before ? [] : runs.filter((run) => !states || states.includes(run.state));
    },
    'runs.get': (input) => runs.find((run) => run.id === (input as { runId: string }).runId),
    'runs.decideWaiting': (input) => {
      decisions.push(input);
      return (input as { runIds: string[] }).runIds.filter((id) => id !== runs[3]!.id);
    },
  };
});
afterEach(() => terminal.close());

describe('markco waiting', () => {
  it('RU8 lists the runs that wait for a word, and only those', async () => {
    const lines = await terminal.told(() => waiting([], {}));
    expect(lines).toHaveLength(3);
    expect(lines.slice(0, 2).map((line) => line.split(' ')[0])).toEqual([runs[0]!, runs[3]!].map(({ id }) => id.slice(-8)));
    expect(lines[0]).toContain('Run or discard?');
    expect(lines[2]).toContain('--discard');
    runs = [];
    expect(await terminal.told(() => waiting([], { run: true }))).toEqual(['No run waits for your word.']);
    expect(decisions).toEqual([]);
  });

  it('RU8 runs or discards all of them, and says which one was too late', async () => {
    expect(await terminal.told(() => waiting([], { run: true }))).toEqual([
      '1 run will start as soon as the computer is there.',
      `${runs[3]!.id.slice(-8)} began or ended in the meantime and was left alone.`,
    ]);
    const [told] = await terminal.told(() => waiting([], { discard: true, json: true }));
    expect(JSON.parse(told!)).toEqual({ decision: 'discard', decided: [runs[0]!.id], tooLate: [runs[3]!.id] });
    const runIds = [runs[0]!.id, runs[3]!.id];
    expect(decisions).toEqual(['run', 'discard'].map((decision) => ({ runIds, decision })));
  });

  it('RU8 decides over the named ones only, and refuses what does not wait before anything is changed', async () => {
    expect(await terminal.told(() => waiting([runs[0]!.id.slice(-8), runs[0]!.id], { discard: true }))).toEqual(['1 run discarded.']);
    expect(decisions).toEqual([{ runIds: [runs[0]!.id], decision: 'discard' }]);
    await expect(waiting([runs[0]!.id, runs[2]!.id], { run: true })).rejects.toThrow(/does not wait: it is completed/);
    await expect(waiting([], { run: true, discard: true })).rejects.toThrow(/either --run or --discard/);
    expect(decisions).toHaveLength(1);
  });
});

function view(state: RunState, held: boolean): RunView {
  return {
    ...{ id: v7(), projectId: PROJECT_ID, documentId: DOCUMENT_ID, docPath: 'index.md', projectSlug: 'demo', language: 'python' },
    ...{ sessionName: 'default', code: '1', cellIndex: 0, batchId: null, ordinal: null, state, attempt: 0, awaitingInput: null },
    ...{ cancelRequestedAt: null, contactLostSince: null, heldSince: held ? new Date() : null, target: { kind: 'queue' } },
    ...{ reason: 'queued_device_offline', freshSession: false, ranOn: null, codeChanged: false, exitReason: null, startedAt: null },
    ...{ message: held ? 'Waited for more than an hour. Run or discard?' : null, createdAt: new Date(), endedAt: null, lastSeq: 0 },
  };
}
