import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Held, Point } from '../lib/agent-proxy.ts';
import { type Scenario, scenario, wholeScenario } from '../lib/chaos-scenario.ts';
import { until } from '../lib/installation.ts';
import { isRunning } from '../lib/is-running.ts';
import { expectPromises, gatedCell, HALF, WHOLE_OUTPUT } from '../lib/run-promises.ts';
import { RunWorld } from '../lib/run-world.ts';

/** Every message that moves a run on, at which it is stopped. */
const POINTS = {
  offer: { direction: 'down', has: /"kind":"offer"/ },
  accept: { direction: 'up', has: /"kind":"accept"/ },
  grant: { direction: 'down', has: /"kind":"grant"/ },
  'first output': { direction: 'up', has: /"kind":"events"/ },
  'mid-stream': { direction: 'up', has: /line 19\\n/ },
  'acknowledgement mid-stream': { direction: 'down', has: /"ackedSeq":/ },
  'terminal event': { direction: 'up', has: /"kind":"ended"/ },
  'last acknowledgement': { direction: 'down', has: /"ackedSeq":/ },
} satisfies Record<string, Point>;
type PointName = keyof typeof POINTS;

/** What happens there. `cut`: only the connection is reset. */
type Blow = 'web' | 'agent' | 'cut';

/** Those of the tests; `npm run chaos` has all of them. */
const IN_TESTS: readonly `${Blow} ${PointName}`[] = [
  'web mid-stream',
  'agent grant',
  'agent mid-stream',
  'cut offer',
  'cut first output',
  'cut last acknowledgement',
];
const names = Object.keys(POINTS) as PointName[];
const cases = (['web', 'agent', 'cut'] as const).flatMap((blow) => names.map((name) => ({ blow, name })));

const RUNTIME = 'runtime';

let world: RunWorld;

beforeAll(async () => {
  world = await RunWorld.start({ cells: [...cases.map((_, i) => gatedCell(String(i))), gatedCell(RUNTIME), "print('here')"] });
});
afterAll(async () => {
  await world?.remove();
});

/** The message of this point, stopped; the run that sends it is started here. */
async function stopAt(name: PointName, cell: number): Promise<{ runId: string; held: Held }> {
  const tag = String(cell);
  const after = { 'acknowledgement mid-stream': POINTS['mid-stream'], 'last acknowledgement': POINTS['terminal event'] };
  if (name === 'terminal event' || name === 'last acknowledgement') world.openGate(tag);
  const before = name in after ? world.proxy.hold(after[name as keyof typeof after]) : null;
  let caught = before ? null : world.proxy.hold(POINTS[name]);
  const runId = await world.run(cell);
  if (before) {
    const stopped = await before;
    caught = world.proxy.hold(POINTS[name]);
    stopped.release();
  }
  return { runId, held: await caught! };
}

/** The process is gone when it resolves, and whatever was on its way with it; then it is back. */
async function strike(blow: Blow, meanwhile: () => void): Promise<void> {
  if (blow === 'cut') {
    world.proxy.cut();
    meanwhile();
    world.proxy.heal();
    return;
  }
  const victim = blow === 'web' ? world.webs[0]! : world.agent;
  await victim.end('SIGKILL');
  meanwhile();
  victim.start();
  if (blow === 'web') await world.webReady();
}

/** What is stored of what it printed. */
async function stdoutOf(runId: string): Promise<string> {
  const rows = await world.db.runEvent.findMany({ where: { runId, kind: 'stdout' }, orderBy: { seq: 'asc' } });
  return rows.map(({ body }) => (body as { text: string }).text).join('');
}

/** Where the agent dies with the code under way: it began, and nobody may begin it again. */
const isLost = (blow: Blow, name: PointName): boolean =>
  blow === 'agent' && ['first output', 'mid-stream', 'acknowledgement mid-stream'].includes(name);

async function strikeAt(blow: Blow, name: PointName, { explain, progress }: Scenario): Promise<void> {
  explain(() => world.logs());
  const cell = cases.findIndex((one) => one.blow === blow && one.name === name);
  const tag = String(cell);
  const { runId } = await stopAt(name, cell);
  progress(`stopped at the ${name}`);
  await strike(blow, () => world.openGate(tag));
  const seen = await world.phone.watch(runId, undefined, 180_000);
  if (isLost(blow, name)) {
    expect(seen.run).toMatchObject({ state: 'interrupted', exitReason: 'runtime_died' });
    // It may die before the first half was said.
    if (name !== 'first output') await until('what it had said is kept as recovered output', async () => (await stdoutOf(runId)) === HALF);
    expect(HALF.startsWith(await stdoutOf(runId))).toBe(true);
    // "Interrupted" is true only when the code does not go on by itself.
    const started = await until('its start is known', () => world.db.runEvent.findFirst({ where: { runId, kind: 'started' } }));
    await until('the runtime ended with its agent', () => !isRunning((started.body as { pid: number }).pid));
  } else {
    expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
    expect(seen.stdout).toBe(WHOLE_OUTPUT);
  }
  await expectPromises(world, seen, cell);
  expect(world.executions(tag), 'RU10: executed once').toBe(1);
  await world.untilDevice('online');
}

const WHAT: Record<Blow, string> = {
  web: 'the web process is killed and started again',
  agent: 'the agent is killed and started again',
  cut: "the agent's connection is reset",
};

describe('a run whose processes are killed', () => {
  for (const { blow, name } of cases) {
    const declare = IN_TESTS.includes(`${blow} ${name}`) ? scenario : wholeScenario;
    declare(`RU10, RU11, RU16: ${WHAT[blow]} at the ${name}: it executes once and nothing is lost`, (run) => strikeAt(blow, name, run));
  }
});

describe('a runtime that is killed', () => {
  scenario('AG5: in mid-run: the run fails once, with the cause and all it said; the next one starts fresh', async ({ explain }) => {
    explain(() => world.logs());
    const cell = cases.length;
    const runId = await world.run(cell);
    const { events } = await world.phone.watch(runId, ({ stdout }) => stdout === HALF);
    const [started] = events.map(({ body }) => body).filter((body) => body.kind === 'started');
    process.kill(started!.pid!, 'SIGKILL');
    const seen = await world.phone.watch(runId, undefined, 180_000);
    expect(seen.run).toMatchObject({ state: 'failed', exitReason: 'runtime_died', message: expect.stringContaining('SIGKILL') });
    expect(seen.stdout).toBe(HALF);
    await expectPromises(world, seen, cell);
    expect(world.executions(RUNTIME), 'executed once').toBe(1);
    const next = await world.phone.watch(await world.run(cell + 1));
    expect(next.run).toMatchObject({ state: 'completed', freshSession: true });
    const [begun] = next.events.map(({ body }) => body).filter((body) => body.kind === 'started');
    expect(begun, 'OP2: it says what it took the place of').toMatchObject({ fresh: true, replaces: 'out_of_memory' });
  });
});
