import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type Scenario, scenario, WHOLE, wholeScenario } from '../lib/chaos-scenario.ts';
import { cutBus } from '../lib/cut-bus.ts';
import { findText } from '../lib/find-text.ts';
import { until } from '../lib/installation.ts';
import { Phone } from '../lib/phone.ts';
import { expectPromises, gatedCell, HALF, WHOLE_OUTPUT } from '../lib/run-promises.ts';
import { RunWorld } from '../lib/run-world.ts';

/** Counts itself on the computer's disk and in its namespace, wherever it runs. */
const countedCell = (tag: string): string =>
  [`open('count-${tag}', 'a').write('x')`, `n_${tag} = globals().get('n_${tag}', 0) + 1`, `print('executed', n_${tag})`].join('\n');

const CELLS = {
  twice: gatedCell('twice'),
  cut: gatedCell('cut'),
  database: gatedCell('database'),
  relay: gatedCell('relay'),
  watched: gatedCell('watched'),
  frozen: countedCell('frozen'),
  frozenCount: 'print(n_frozen)',
  offline: countedCell('offline'),
  offlineCount: 'print(n_offline)',
  late: countedCell('late'),
  lateCount: 'print(n_late)',
  thawing: gatedCell('thawing'),
  cancelled: gatedCell('cancelled'),
  here: "print('here')",
  asked: [
    'import getpass, os, time',
    "name = input('Name? ')",
    "key = getpass.getpass('Key: ')",
    'print(name, len(key), flush=True)',
    "while not os.path.exists('go-asked'): time.sleep(0.01)",
  ].join('\n'),
  askedName: "input('Say? ')",
  askedKey: "import getpass\ngetpass.getpass('Key: ')",
  memory: "open('count-memory', 'a').write('x')\nprint('before', flush=True)\nkept = []\nwhile True: kept.append(bytearray(20_000_000))",
} as const;
type CellName = keyof typeof CELLS;
const cell = (name: CellName): number => Object.keys(CELLS).indexOf(name);

let world: RunWorld;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  world = await RunWorld.start({ cells: Object.values(CELLS), webs: 2, worker: true, ownPostgres: true });
});
afterAll(async () => {
  world?.agent.signal('SIGCONT');
  await world?.remove();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const onLaptop = () => ({ target: { kind: 'device' as const, deviceId: world.deviceId } });
const LONG_MS = 300_000;

/** A gated cell on the computer, run up to its gate. */
async function toTheGate(name: CellName): Promise<string> {
  const runId = await world.run(cell(name), onLaptop());
  await world.phone.watch(runId, ({ stdout }) => stdout === HALF);
  return runId;
}

/** It completes on the computer with everything it said, and every promise holds. */
async function expectWhole(runId: string, name: CellName): Promise<void> {
  const seen = await world.phone.watch(runId, undefined, LONG_MS);
  expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
  expect(seen.stdout).toBe(WHOLE_OUTPUT);
  await expectPromises(world, seen, cell(name));
  expect(world.executions(name), 'RU10: executed once').toBe(1);
}

/** It completed in the cloud, once in all: nothing happened on the computer, and the cloud counted one. */
async function expectOnceInCloud(runId: string, name: CellName, counting: CellName, sessionName: string): Promise<void> {
  const seen = await world.phone.watch(runId, undefined, LONG_MS);
  expect(seen.run).toMatchObject({ state: 'completed', target: { kind: 'cloud' }, ranOn: 'Cloud' });
  const count = await world.phone.watch(await world.run(cell(counting), { sessionName, target: { kind: 'cloud' } }), undefined, LONG_MS);
  expect(count.stdout, 'executed once in the cloud').toBe('1\n');
  await expectPromises(world, seen, cell(name));
  expect(world.executions(name), 'and never on the computer').toBe(0);
}

/** The computer takes runs again; by then it has answered everything that waited for it. */
async function expectLaptopWorks(): Promise<void> {
  const runId = await world.run(cell('here'), onLaptop());
  const seen = await world.phone.watch(runId, undefined, LONG_MS);
  expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
}

/** As if the computer had been silent for longer than AG2 allows. In `npm run chaos` the time really passes. */
async function untilOffline({ count }: Scenario): Promise<void> {
  const { lastSeenAt } = await world.db.device.findUniqueOrThrow({ where: { id: world.deviceId } });
  if (!WHOLE) await world.db.device.update({ where: { id: world.deviceId }, data: { lastSeenAt: new Date(Date.now() - 36_000) } });
  await world.untilDevice('offline');
  if (WHOLE) count('ms of silence until offline', Date.now() - Number(lastSeenAt));
}

describe('a tap whose answer is lost', () => {
  scenario('RU2: the same request again, to two web processes at once, is the same run; another body is refused', async ({ explain }) => {
    explain(() => world.logs());
    const phone = Phone.withToken(world.proxy.url, world.token);
    closing.push(() => phone.close());
    const request = phone.request(world.notebook, world.projectId, cell('twice'), onLaptop());
    const lost = world.proxy.loseAnswer('/api/trpc/runs.create');
    await expect(phone.api.runs.create.mutate(request)).rejects.toThrow();
    await lost;
    const again = Array.from({ length: 6 }, (_, i) => world.phones[i % 2]!.api.runs.create.mutate(request));
    for (const run of await Promise.all(again)) expect(run).toMatchObject({ id: request.runId, docPath: 'chaos.md' });
    await expect(world.phones[1]!.api.runs.create.mutate({ ...request, sessionName: 'another' })).rejects.toMatchObject({
      data: { appCode: 'idempotency_conflict', httpStatus: 409 },
    });
    world.openGate('twice');
    await expectWhole(request.runId, 'twice');
    expect(await world.phone.api.runs.create.mutate(request)).toMatchObject({ id: request.runId, state: 'completed' });
    expect(world.executions('twice')).toBe(1);
  });
});

describe('a bus that is cut', () => {
  scenario('RU12: a cancel taken by one web process reaches a computer on the other one', async ({ explain }) => {
    explain(() => world.logs());
    const runId = await toTheGate('cancelled');
    const mend = cutBus(world.db);
    closing.push(mend);
    await world.phones[1]!.api.runs.cancel.mutate({ runId, force: false });
    const row = () => world.db.run.findUniqueOrThrow({ where: { id: runId } });
    await until('the run is interrupted', async () => (await row()).state !== 'running', LONG_MS);
    await mend();
    expect(await row()).toMatchObject({ state: 'interrupted', exitReason: 'interrupted_by_user', ranOn: 'Test laptop' });
    const seen = await world.phone.watch(runId, undefined, LONG_MS);
    expect(seen.stdout).toBe(HALF);
    await expectPromises(world, seen, cell('cancelled'));
    expect(world.executions('cancelled'), 'RU10: executed once').toBe(1);
    await expectLaptopWorks();
  });
});

describe('a computer that is cut off', () => {
  scenario('RU11, RU16: without a connection in mid-run, it goes on; contact is lost and found, and all it said arrives', async (run) => {
    run.explain(() => world.logs());
    const runId = await toTheGate('cut');
    world.proxy.cut();
    world.openGate('cut');
    await untilOffline(run);
    const away = await world.phone.watch(runId, (seen) => seen.run.contactLostSince !== null);
    expect(away.run).toMatchObject({ state: 'running', message: expect.stringContaining('Test laptop') });
    await nap(run.size(0, 85_000));
    world.proxy.heal();
    await expectWhole(runId, 'cut');
    await world.untilDevice('online');
  });

  wholeScenario('RU7, RU10: frozen, it does not accept; the run goes to the cloud, and nothing runs when it wakes', async ({ explain }) => {
    explain(() => world.logs());
    world.agent.signal('SIGSTOP');
    const runId = await world.run(cell('frozen'), { sessionName: 'frozen' });
    await world.phone.watch(runId, undefined, LONG_MS);
    world.agent.signal('SIGCONT');
    await world.untilDevice('online');
    await expectLaptopWorks();
    await expectOnceInCloud(runId, 'frozen', 'frozenCount', 'frozen');
  });

  wholeScenario('AG2, RU7: frozen for long it is offline; runs go to the cloud, and nothing runs when it wakes', async (run) => {
    run.explain(() => world.logs());
    world.agent.signal('SIGSTOP');
    await untilOffline(run);
    const runId = await world.run(cell('offline'), { sessionName: 'offline' });
    const seen = await world.phone.watch(runId, undefined, LONG_MS);
    expect(seen.run).toMatchObject({ reason: 'fallback_device_offline' });
    world.agent.signal('SIGCONT');
    await world.untilDevice('online');
    await expectLaptopWorks();
    await expectOnceInCloud(runId, 'offline', 'offlineCount', 'offline');
  });

  wholeScenario('RU11: frozen in mid-run, its run is lost from sight and never given away; when it wakes it ends complete', async (run) => {
    run.explain(() => world.logs());
    const runId = await toTheGate('thawing');
    world.agent.signal('SIGSTOP');
    world.openGate('thawing');
    await untilOffline(run);
    await world.phone.watch(runId, (seen) => seen.run.contactLostSince !== null);
    world.agent.signal('SIGCONT');
    await expectWhole(runId, 'thawing');
  });

  scenario('RU10: its ACCEPT arrives after the run went to the cloud: it is denied', async ({ explain }) => {
    explain(() => world.logs());
    const accepting = world.proxy.hold({ direction: 'up', has: /"kind":"accept"/ });
    const runId = await world.run(cell('late'), { sessionName: 'late' });
    const accept = await accepting;
    await world.phone.watch(runId, ({ run }) => run.target.kind === 'cloud' && run.state !== 'queued', LONG_MS);
    const denied = { direction: 'down' as const, has: new RegExp(`"kind":"deny"[^}]*${runId}|${runId}[^}]*"kind":"deny"`) };
    accept.release();
    await until('the accept is denied', () => world.proxy.passed(denied) > 0);
    await expectOnceInCloud(runId, 'late', 'lateCount', 'late');
    await expectLaptopWorks();
  });
});

describe('a question', () => {
  const [tapped, other] = [() => world.phones[0]!, () => world.phones[1]!];
  /** What the run asks, as the device sees it that did not tap. */
  const asked = async (runId: string, prompt: string) => {
    const { run } = await other().watch(runId, (seen) => seen.run.awaitingInput?.prompt === prompt, LONG_MS);
    return run.awaitingInput!;
  };

  scenario(
    'RU14: answered from another device on another web process; a password is in no row, file, journal or log',
    async ({ explain }) => {
      explain(() => world.logs());
      const [name, password] = [`name-${randomUUID()}`, `key-${randomUUID()}`];
      const runId = await world.run(cell('asked'), onLaptop());
      const watching = tapped().watch(runId, undefined, LONG_MS);
      const first = await asked(runId, 'Name? ');
      await other().api.runs.input.mutate({ runId, execId: first.execId, text: name });
      const second = await asked(runId, 'Key: ');
      expect([first.password, second.password]).toEqual([false, true]);
      await other().api.runs.input.mutate({ runId, execId: second.execId, text: password });
      const again = tapped().api.runs.input.mutate({ runId, execId: second.execId, text: 'late' });
      await expect(again).rejects.toMatchObject({ data: { appCode: 'conflict' } });
      const printed = `${name} ${password.length}\n`;
      await other().watch(runId, ({ stdout }) => stdout === printed, LONG_MS);
      expect(await findText(world, password), 'while the run goes on').toEqual([]);
      // The search is not blind: what may be shown is found, in the rows and in the computer's journal.
      const kept = await findText(world, name);
      expect(kept).toContain('table run_events');
      expect(kept.some((place) => place.includes('/agent/'))).toBe(true);
      world.openGate('asked');
      const seen = await watching;
      expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop', awaitingInput: null });
      const answers = seen.events.flatMap(({ body }) => (body.kind === 'stdin_answered' ? [body] : []));
      expect(answers).toEqual([expect.objectContaining({ shown: name }), expect.not.objectContaining({ shown: expect.anything() })]);
      await expectPromises(world, seen, cell('asked'));
      expect(await findText(world, password), 'when all is written').toEqual([]);
    },
  );

  scenario('RU12, RU14: stopped from another device while it asks, for words or for a password', async ({ explain }) => {
    explain(() => world.logs());
    for (const [name, prompt] of [
      ['askedName', 'Say? '],
      ['askedKey', 'Key: '],
    ] as const) {
      const runId = await world.run(cell(name), onLaptop());
      const { execId } = await asked(runId, prompt);
      await other().api.runs.cancel.mutate({ runId });
      const seen = await tapped().watch(runId, undefined, LONG_MS);
      expect(seen.run).toMatchObject({ state: 'interrupted', exitReason: 'interrupted_by_user', awaitingInput: null });
      await expect(tapped().api.runs.input.mutate({ runId, execId, text: 'late' })).rejects.toMatchObject({
        data: { appCode: 'conflict' },
      });
      await expectPromises(world, seen, cell(name));
    }
  });
});

describe('what a run depends on, away or used up', () => {
  scenario('RU16: Postgres stopped in mid-stream, and started again: the computer keeps what was said meanwhile', async (run) => {
    run.explain(() => world.logs());
    const runId = await toTheGate('database');
    const watching = world.phones.map((phone) => phone.watch(runId, undefined, LONG_MS));
    await world.postgres!.stop('fast');
    world.openGate('database');
    await nap(run.size(5_000, 60_000));
    await world.postgres!.start();
    for (const seen of await Promise.all(watching)) expect(seen.stdout).toBe(WHOLE_OUTPUT);
    await expectWhole(runId, 'database');
  });

  wholeScenario('RU20: the relay killed while an output is being written, and started again: the block stands there once', async (run) => {
    run.explain(() => world.logs());
    const runId = await toTheGate('relay');
    world.openGate('relay');
    await until('a process has claimed the output', async () => {
      const { outputCommittedAt } = await world.db.run.findUniqueOrThrow({ where: { id: runId } });
      return outputCommittedAt !== null && Number(outputCommittedAt) > Date.now();
    });
    await world.relay.end('SIGKILL');
    await nap(run.size(0, 30_000));
    await world.restartRelay();
    await expectWhole(runId, 'relay');
  });

  scenario(
    'RU17: two watchers on two web processes, one of them killed and started again: both see everything once',
    async ({ explain }) => {
      explain(() => world.logs());
      const runId = await toTheGate('watched');
      const watching = world.phones.map((phone) => phone.watch(runId, undefined, LONG_MS));
      await world.webs[1]!.end('SIGKILL');
      world.openGate('watched');
      world.webs[1]!.start();
      const [one, other] = await Promise.all(watching);
      expect(other!.events).toEqual(one!.events);
      expect(other!.stdout).toBe(WHOLE_OUTPUT);
      await world.webReady(1);
      await expectWhole(runId, 'watched');
    },
  );

  wholeScenario(
    'AG5, AG6: a cell takes all memory there is: its sandbox is ended, the run fails once with the cause, and the next one starts fresh',
    async ({ explain }) => {
      explain(() => world.logs());
      const inCloud = { sessionName: 'memory', target: { kind: 'cloud' as const } };
      const seen = await world.phone.watch(await world.run(cell('memory'), inCloud), undefined, LONG_MS);
      const cause = { exitReason: 'runtime_died', message: expect.stringContaining('memory') };
      expect(seen.run).toMatchObject({ state: 'failed', target: { kind: 'cloud' }, ...cause });
      expect(seen.stdout).toBe('before\n');
      await expectPromises(world, seen, cell('memory'));
      const next = await world.phone.watch(await world.run(cell('here'), inCloud), undefined, LONG_MS);
      expect(next.run).toMatchObject({ state: 'completed', freshSession: true });
    },
  );
});
