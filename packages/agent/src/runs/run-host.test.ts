import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { AgentMessage } from '@markco/core/device/agent-message';
import { AppError } from '@markco/core/errors';
import { type RunBench, startRunBench } from '@markco/testing/run-bench';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cell } from '../test-support/fake-runtime.ts';
import { PROJECT_ID, sampleOffer, USER_ID } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';

let bench: RunBench;
afterEach(() => bench?.close());

const cells: Record<string, Cell> = {
  hello: ({ print }) => print('hello\n'),
  fail: () => {
    throw Object.assign(new Error('nope'), { name: 'ValueError' });
  },
  ask: async ({ input, print }) => {
    const name = await input('name? ');
    const secret = await input('password? ', true);
    await print(`hi ${name}, ${secret.length}\n`);
  },
  wait: async ({ interrupted, print }) => {
    await print('waiting\n');
    await interrupted;
    throw Object.assign(new Error(''), { name: 'KeyboardInterrupt' });
  },
  stubborn: async ({ print }) => {
    await print('no\n');
    await new Promise(() => {});
  },
};
const kinds = (runId: string) => bench.gateway.eventsOf(runId).map((body) => body.kind);
const end = (runId: string) => bench.gateway.eventsOf(runId).at(-1);
const statuses = () =>
  bench.gateway.received.filter((m): m is Extract<AgentMessage, { kind: 'status' }> => m.type === 'MRP_RESPONSE' && m.kind === 'status');
const answers = () =>
  bench.gateway.received.filter((m): m is Extract<AgentMessage, { kind: 'answer' }> => m.type === 'MRP_RESPONSE' && m.kind === 'answer');

async function run(code: string, over: Parameters<typeof sampleOffer>[0] = {}): Promise<string> {
  const offer = sampleOffer({ code, ...over });
  bench.gateway.offer(offer);
  await bench.gateway.ended(offer.runId);
  return offer.runId;
}

describe('a run on a device', () => {
  it('RU10 RU16 offer, accept, grant, events in order, the end last', async () => {
    bench = await startRunBench(cells);
    const first = await run('hello');
    expect(kinds(first)).toEqual(['started', 'stdout', 'result', 'ended']);
    expect(bench.gateway.eventsOf(first)[0]).toMatchObject({ runtime: 'Fake 1.0', pid: 4242, fresh: true });
    expect(end(first)).toMatchObject({ outcome: 'completed' });
    expect(bench.gateway.eventsOf(await run('hello'))[0]).toMatchObject({ fresh: false });
    await waitUntil(() => bench.host.journal.runs().length === 0, 'the journal to be pruned');
  });

  it('RU16 an error ends the run as failed and keeps its name', async () => {
    bench = await startRunBench(cells);
    const runId = await run('fail');
    expect(kinds(runId)).toEqual(['started', 'error', 'ended']);
    expect(end(runId)).toMatchObject({ outcome: 'failed', reason: 'error' });
  });

  it('RU10 repeated offers and grants report status and execute nothing, also after the end', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'wait' });
    bench.gateway.offer(offer);
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    bench.gateway.grant(offer.runId);
    bench.gateway.offer(offer);
    await bench.gateway.until(() => statuses().some((s) => s.phase === 'started'), 'a status');
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: offer.runId, force: false });
    await bench.gateway.ended(offer.runId);
    await waitUntil(() => bench.host.journal.runs().length === 0);
    bench.gateway.offer(offer);
    bench.gateway.grant(offer.runId);
    await bench.gateway.until(() => statuses().filter((s) => s.phase === 'ended').length >= 2, 'two more statuses');
    expect(bench.pool.executions).toEqual([offer.runId]);
  });

  it('RU10 a grant without an accepted offer, or for another attempt, executes nothing', async () => {
    bench = await startRunBench(cells);
    bench.gateway.autoGrant = false;
    const offer = sampleOffer({ code: 'hello' });
    bench.gateway.grant(sampleOffer().runId, 1);
    bench.gateway.offer(offer);
    await bench.gateway.until(() => bench.gateway.runs.get(offer.runId)!.accepted.length === 1);
    bench.gateway.grant(offer.runId, 2);
    await bench.gateway.until(() => statuses().length === 2);
    expect(statuses().map((s) => s.phase)).toEqual(['unknown', 'accepted']);
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'deny', runId: offer.runId, attempt: 1, reason: 'late' });
    bench.gateway.grant(offer.runId, 1);
    await bench.gateway.until(() => statuses().length === 3);
    expect(statuses().at(-1)).toMatchObject({ phase: 'unknown' });
    expect(bench.pool.executions).toEqual([]);
  });

  it('EL4 RU13 refuses where runs are not allowed, the runtime is busy or too many run', async () => {
    bench = await startRunBench(cells, { maxRunning: 1 });
    const refusal = async (over: Parameters<typeof sampleOffer>[0] = {}) => {
      const offer = sampleOffer({ code: 'hello', ...over });
      bench.gateway.offer(offer);
      await bench.gateway.until(() => bench.gateway.runs.get(offer.runId)!.refused.length === 1, 'a refusal');
      return bench.gateway.runs.get(offer.runId)!.refused[0]!;
    };
    bench.settings.allowRuns = false;
    expect(await refusal()).toMatchObject({ reason: 'runs_not_allowed' });
    bench.settings.allowRuns = true;
    bench.pool.admission = { ok: false, reason: 'busy', message: 'busy', busyExecId: 'theirs' };
    expect(await refusal()).toMatchObject({ reason: 'busy', busyExecId: 'theirs' });
    bench.pool.admission = { ok: true };
    const offer = sampleOffer({ code: 'wait' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    expect(await refusal({ sessionName: 'other' })).toMatchObject({ reason: 'limit' });
  });

  it('RU12 interrupt ends a run as interrupted and keeps the session', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'wait' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: offer.runId, force: false });
    await bench.gateway.ended(offer.runId);
    expect(end(offer.runId)).toMatchObject({ outcome: 'interrupted' });
    expect(bench.gateway.eventsOf(await run('hello'))[0]).toMatchObject({ fresh: false });
  });

  it('RU12 force stop ends the process and the next run is fresh', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'stubborn' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: offer.runId, force: true });
    await bench.gateway.ended(offer.runId);
    expect(end(offer.runId)).toMatchObject({ outcome: 'interrupted', reason: 'force_stopped' });
    expect(bench.gateway.eventsOf(await run('hello'))[0]).toMatchObject({ fresh: true });
  });

  it('RU12 a run cancelled before it starts never reaches the runtime', async () => {
    bench = await startRunBench(cells);
    const first = sampleOffer({ code: 'wait' });
    const second = sampleOffer({ code: 'hello' });
    bench.gateway.offer(first);
    await bench.gateway.until(() => kinds(first.runId).includes('stdout'));
    bench.gateway.offer(second);
    await waitUntil(() => bench.host.journal.get(second.runId)?.phase === 'started');
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: second.runId, force: false });
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: first.runId, force: false });
    await bench.gateway.ended(second.runId);
    expect(kinds(second.runId)).toEqual(['ended']);
    expect(end(second.runId)).toMatchObject({ outcome: 'cancelled' });
    expect(bench.pool.executions).toEqual([first.runId]);
  });

  it('RU13 waits for a runtime that something else keeps busy, and says so', async () => {
    bench = await startRunBench(cells);
    await run('hello');
    const runtime = bench.pool.started[0]!;
    runtime.foreign = 'theirs';
    const offer = sampleOffer({ code: 'hello' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('note'), 'the note');
    runtime.foreign = null;
    await bench.gateway.ended(offer.runId);
    expect(end(offer.runId)).toMatchObject({ outcome: 'completed' });
    expect(kinds(offer.runId).filter((kind) => kind === 'note')).toHaveLength(1);
  });

  it('AG5 a runtime that dies ends the run as failed with the cause, and the next one is fresh', async () => {
    bench = await startRunBench({ ...cells, die: ({ print }) => Promise.resolve(print('x')).then(() => new Promise(() => {})) });
    const offer = sampleOffer({ code: 'die' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    bench.pool.started[0]!.die({ code: 137, signal: null, outOfMemory: true, message: 'Python ran out of memory.' });
    await bench.gateway.ended(offer.runId);
    expect(end(offer.runId)).toMatchObject({ outcome: 'failed', reason: 'runtime_died', message: 'Python ran out of memory.' });
    expect(bench.gateway.eventsOf(await run('hello'))[0]).toMatchObject({ fresh: true });
  });

  it('AG5 a runtime that does not start says why', async () => {
    bench = await startRunBench(cells);
    bench.pool.startError = new AppError('not_found', 'No Python was found.');
    const runId = await run('hello');
    expect(end(runId)).toMatchObject({ outcome: 'failed', reason: 'runtime_start_failed', message: 'No Python was found.' });
  });

  it('RU14 the first answer wins; a password is neither told, journaled nor logged', async () => {
    bench = await startRunBench(cells);
    bench.gateway.acks = 'hold';
    const offer = sampleOffer({ code: 'ask' });
    const { runId } = offer;
    const question = () => bench.gateway.eventsOf(runId).findLast((body) => body.kind === 'stdin_request')?.execId;
    const reply = (text: string, secret: boolean) =>
      bench.gateway.push({ type: 'MRP_REQUEST', kind: 'input', runId, execId: question(), text, secret, by: 'Phone' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(runId).includes('stdin_request'));
    reply('Ada', false);
    reply('Bob', false);
    await bench.gateway.until(() => kinds(runId).filter((kind) => kind === 'stdin_request').length === 2);
    expect(bench.gateway.eventsOf(runId).find((body) => body.kind === 'stdin_answered')).toEqual({
      kind: 'stdin_answered',
      by: 'Phone',
      shown: 'Ada',
    });
    // "Bob" came too late for the first question and must not have answered the second.
    reply('hunter2-secret', true);
    await bench.gateway.ended(runId);
    expect(bench.pool.started[0]!.inputs).toEqual(['Ada', 'hunter2-secret']);
    const file = readFileSync(path.join(bench.dir, 'journal', `${runId}.log`), 'utf8');
    expect(file).toContain('Ada');
    expect(file + bench.logged.join()).not.toContain('hunter2');
    expect(bench.gateway.eventsOf(runId).filter((body) => body.kind === 'stdin_answered')[1]).toEqual({
      kind: 'stdin_answered',
      by: 'Phone',
    });
  });

  it('RU14 where nobody will answer, the code reads the end of its input', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'ask' });
    bench.gateway.offer(offer);
    const asked = () => bench.gateway.eventsOf(offer.runId).find((body) => body.kind === 'stdin_request');
    await bench.gateway.until(() => asked() !== undefined, 'the question');
    const { execId } = asked() as { execId: string };
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'input', runId: offer.runId, execId, text: '', secret: false, end: true });
    await bench.gateway.ended(offer.runId);
    expect(kinds(offer.runId)).toEqual(['started', 'stdin_request', 'stdin_answered', 'error', 'ended']);
    expect(bench.gateway.eventsOf(offer.runId).find((body) => body.kind === 'error')).toMatchObject({ name: 'EOFError' });
  });

  it('RU14 an interrupt unblocks a question', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'ask' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdin_request'));
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId: offer.runId, force: false });
    await bench.gateway.ended(offer.runId);
    expect(end(offer.runId)).toMatchObject({ outcome: 'interrupted' });
  });

  it('RU15 says so when the files may be older than what the person saw', async () => {
    bench = await startRunBench(cells);
    bench.settings.stale = 'The files here are older.';
    const runId = await run('hello');
    expect(bench.gateway.eventsOf(runId)[0]).toEqual({ kind: 'note', text: 'The files here are older.' });
  });

  it('AG7 answers questions within their budget, without a session too, and a probe', async () => {
    bench = await startRunBench(cells);
    const ask = async (op: string, over: object = {}) => {
      const requestId = `q-${answers().length}-${op}`;
      const where = { projectId: PROJECT_ID, language: 'py', sessionName: 'default', userId: USER_ID };
      bench.gateway.push({ type: 'MRP_REQUEST', kind: 'introspect', requestId, ...where, op, body: { code: 'x', cursor: 1 }, ...over });
      await bench.gateway.until(() => answers().some((a) => a.requestId === requestId), `the answer to ${op}`);
      return answers().find((a) => a.requestId === requestId)!;
    };
    expect(await ask('complete')).toMatchObject({ error: { code: 'no_session' } });
    await run('hello');
    expect(await ask('complete')).toMatchObject({ result: { question: 'complete' } });
    expect(await ask('hover')).toMatchObject({ error: { code: 'timeout' } });
    bench.gateway.push({ type: 'MRP_REQUEST', kind: 'probe', requestId: 'probe-1' });
    await bench.gateway.until(() => answers().some((a) => a.requestId === 'probe-1'), 'the probe');
  });
});

describe('a run and a bad network', () => {
  it.each(['accept', 'events', 'RESUME'])('RU11 the socket breaks before and after "%s": nothing lost, nothing twice', async (what) => {
    bench = await startRunBench({
      ...cells,
      many: async ({ print }) => {
        for (let i = 0; i < 200; i++) await print(`${i}\n`.repeat(200));
      },
    });
    let breaks = 0;
    bench.gateway.script = (moment) => {
      if (!('message' in moment) || (moment.at !== 'receive' && moment.at !== 'reply')) return undefined;
      const { message } = moment;
      const name = message.type === 'MRP_RESPONSE' ? message.kind : message.type;
      return name === what && breaks++ < 4 ? 'drop' : undefined;
    };
    if (what === 'RESUME') bench.gateway.disconnect();
    const offer = sampleOffer({ code: 'many' });
    await bench.gateway.until(() => bench.gateway.connected());
    const again = setInterval(() => {
      const known = bench.gateway.runs.get(offer.runId);
      if (!known?.accepted.length) bench.gateway.offer(offer);
      else if (!known.events.size) bench.gateway.grant(offer.runId);
    }, 30);
    await bench.gateway.ended(offer.runId).finally(() => clearInterval(again));
    expect(breaks).toBeGreaterThan(2);
    expect(bench.pool.executions).toEqual([offer.runId]);
    const text = bench.gateway
      .eventsOf(offer.runId)
      .flatMap((b) => (b.kind === 'stdout' ? [b.text] : []))
      .join('');
    expect(text).toBe(Array.from({ length: 200 }, (_, i) => `${i}\n`.repeat(200)).join(''));
    expect(bench.gateway.contiguous(offer.runId)).toBe(bench.gateway.runs.get(offer.runId)!.events.size);
  });

  it('RU16 runs on while the server is away and tells everything afterwards', async () => {
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench = await startRunBench({
      long: async ({ print }) => {
        await print('before\n');
        await gate;
        await print('after\n');
      },
    });
    const offer = sampleOffer({ code: 'long' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    bench.gateway.script = (moment) => (moment.at === 'connect' ? 'drop' : undefined);
    bench.gateway.disconnect();
    go();
    await waitUntil(() => bench.host.journal.get(offer.runId)?.phase === 'ended');
    bench.gateway.script = () => undefined;
    await bench.gateway.ended(offer.runId);
    expect(kinds(offer.runId)).toEqual(['started', 'stdout', 'stdout', 'result', 'ended']);
  });

  it('RU16 without acknowledgements everything is kept and sent again until there are some', async () => {
    bench = await startRunBench(cells);
    bench.gateway.acks = 'hold';
    const runId = await run('hello');
    expect(bench.host.journal.get(runId)).toMatchObject({ phase: 'ended', ackedSeq: 0 });
    bench.gateway.acknowledge();
    await waitUntil(() => bench.host.journal.runs().length === 0, 'the journal to be pruned');
  });

  it('RU11 a run that ended while the agent was down is told by its journal', async () => {
    bench = await startRunBench(cells);
    bench.gateway.acks = 'hold';
    const runId = await run('hello');
    bench.gateway.runs.get(runId)!.events.clear();
    await bench.crash();
    bench.gateway.acks = 'now';
    await bench.gateway.ended(runId);
    expect(kinds(runId)).toEqual(['started', 'stdout', 'result', 'ended']);
    const resumed = bench.gateway.received.filter((m) => m.type === 'RESUME').at(-1)!;
    expect(resumed.runs).toEqual([{ runId, attempt: 1, phase: 'ended', lastSeq: 4, alive: false }]);
  });

  it('RU11 a run that died with the agent is reported dead, its output recovered, and never executed again', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'stubborn' });
    bench.gateway.acks = 'hold';
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    await bench.crash();
    bench.gateway.acks = 'now';
    await bench.gateway.until(() => bench.gateway.received.filter((m) => m.type === 'RESUME').length === 2, 'the second RESUME');
    const [resumed] = bench.gateway.received.filter((m) => m.type === 'RESUME').at(-1)!.runs;
    expect(resumed).toMatchObject({ runId: offer.runId, phase: 'started', alive: false, lastSeq: 2 });
    bench.gateway.grant(offer.runId);
    await bench.gateway.until(() => statuses().length > 0, 'a status');
    await waitUntil(() => bench.host.journal.runs().length === 0, 'the journal to be pruned');
    expect(bench.pool.executions).toEqual([offer.runId]);
  });

  it('RU11 an accepted run that was never granted may be granted or withdrawn on resume', async () => {
    bench = await startRunBench(cells);
    bench.gateway.autoGrant = false;
    const [kept, withdrawn] = [sampleOffer({ code: 'hello' }), sampleOffer({ code: 'hello', sessionName: 'b' })];
    for (const offer of [kept, withdrawn]) bench.gateway.offer(offer);
    await bench.gateway.until(() => [kept, withdrawn].every((o) => bench.gateway.runs.get(o.runId)!.accepted.length > 0));
    bench.gateway.resumeAction = (runId) => (runId === kept.runId ? 'grant' : 'withdraw');
    bench.gateway.disconnect();
    await bench.gateway.ended(kept.runId);
    expect(bench.host.journal.get(withdrawn.runId)).toBeNull();
    expect(bench.pool.executions).toEqual([kept.runId]);
  });

  it('RU18 printing far more than the server takes slows the printer and stays bounded on disk', async () => {
    let printed = 0;
    const block = 'x'.repeat(64 * 1024);
    bench = await startRunBench({
      flood: async ({ print }) => {
        for (; printed < 400; printed++) await print(block);
      },
    });
    bench.gateway.acks = 'hold';
    const offer = sampleOffer({ code: 'flood' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => (bench.gateway.runs.get(offer.runId)?.events.size ?? 0) > 5);
    await waitUntil(async () => {
      const before = printed;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return printed === before;
    }, 'the printer to stop');
    expect(printed).toBeLessThan(200);
    const size = (name: string) => statSync(path.join(bench.dir, 'journal', name)).size;
    expect(Math.max(...readdirSync(path.join(bench.dir, 'journal')).map(size))).toBeLessThan(20 * 1024 * 1024);
    bench.gateway.acknowledge();
    await bench.gateway.ended(offer.runId);
    expect(printed).toBe(400);
  });

  it('OP4 stopping the agent ends what runs as interrupted and tells the server', async () => {
    bench = await startRunBench(cells);
    const offer = sampleOffer({ code: 'stubborn' });
    bench.gateway.offer(offer);
    await bench.gateway.until(() => kinds(offer.runId).includes('stdout'));
    await bench.host.stop();
    expect(end(offer.runId)).toMatchObject({ kind: 'ended', outcome: 'interrupted', reason: 'agent_stopped' });
    expect(bench.gateway.received.at(-1)).toMatchObject({ type: 'GOODBYE' });
  });
});
