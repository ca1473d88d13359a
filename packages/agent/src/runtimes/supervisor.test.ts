import type { RuntimeHealth } from '@markco/core/mrp/answers';
import { afterEach, describe, expect, it } from 'vitest';
import { describeExit, ExitWatch } from './exit-watch.ts';
import type { Runtime } from './runtime.ts';
import { RuntimeSupervisor, type SupervisorChange, type SupervisorOptions, sessionKey } from './supervisor.ts';

/** A runtime whose life a test leads. */
function fake(kind: Runtime['kind'] = 'native') {
  const exit = new ExitWatch();
  const state = { health: async (): Promise<RuntimeHealth> => ({ state: 'idle' }), closed: 0, resets: 0, finish: (): void => undefined };
  const unused = () => Promise.reject(new Error('not used here'));
  const runtime: Runtime = {
    id: 'fake',
    kind,
    language: 'python',
    label: 'fake',
    health: () => state.health(),
    capabilities: unused,
    execute: () =>
      new Promise<void>((resolve) => {
        state.finish = resolve;
      }),
    input: async () => true,
    cancelInput: async () => true,
    interrupt: async () => true,
    introspect: unused,
    reset: async () => void state.resets++,
    asset: unused,
    close: async () => {
      state.closed += 1;
      exit.settle(describeExit(0, null));
    },
    onExit: (listener) => exit.on(listener),
  };
  return { runtime, state, die: (code = 1) => exit.settle(describeExit(code, null)) };
}

const open: RuntimeSupervisor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.closeAll()));
});
function supervisor(options: SupervisorOptions = {}) {
  const made = new RuntimeSupervisor({ probeMs: 1_000_000, backoff: () => 0, ...options });
  open.push(made);
  const changes: SupervisorChange[] = [];
  made.onChange((change) => changes.push(change));
  return { made, changes };
}
const broken = async (): Promise<RuntimeHealth> => {
  throw new Error('no answer');
};

describe('runtime supervisor (AG5)', () => {
  it('AG5: starts on demand, once for calls at the same time', async () => {
    const { made, changes } = supervisor();
    let starts = 0;
    const starter = async () => {
      starts += 1;
      return fake().runtime;
    };
    const [a, b] = await Promise.all([made.get('k', starter), made.get('k', starter)]);
    const c = await made.get('k', starter);
    expect(starts).toBe(1);
    expect(a.runtime).toBe(b.runtime);
    expect([a.fresh, c.fresh]).toEqual([true, false]);
    expect(changes.map((change) => change.type)).toEqual(['up']);
  });

  it('AG5: after a death the next start is fresh, counted, and told why', async () => {
    const { made, changes } = supervisor();
    const first = fake();
    await made.get('k', async () => first.runtime);
    first.die(7);
    expect(made.peek('k')).toBeNull();
    const next = await made.get('k', async () => fake().runtime);
    expect(next).toMatchObject({ fresh: true, restarts: 1, replaces: 'crashed' });
    expect(await made.get('k', async () => fake().runtime)).toMatchObject({ fresh: false, replaces: null });
    expect(changes.map((change) => change.type)).toEqual(['up', 'down', 'up']);
    expect(changes[1]).toMatchObject({ asked: false });
  });

  it('AG5: backs off further with every crash, and forgets crashes once healthy', async () => {
    const waits: number[] = [];
    const { made } = supervisor({
      backoff: (crashes) => {
        waits.push(crashes);
        return 0;
      },
    });
    for (let i = 0; i < 3; i++) {
      const each = fake();
      await made.get('k', async () => each.runtime);
      each.die();
    }
    const last = fake();
    await made.get('k', async () => last.runtime);
    await made.probe();
    last.die();
    await made.get('k', async () => fake().runtime);
    expect(waits).toEqual([0, 1, 2, 3, 1]);
  });

  it('AG5: three misses in a row end an idle runtime; fewer do not', async () => {
    const { made } = supervisor();
    const each = fake();
    await made.get('k', async () => each.runtime);
    const well = each.state.health;
    each.state.health = broken;
    await made.probe();
    await made.probe();
    each.state.health = well;
    await made.probe();
    each.state.health = broken;
    await made.probe();
    await made.probe();
    expect(each.state.closed).toBe(0);
    await made.probe();
    expect(each.state.closed).toBe(1);
    expect(made.peek('k')).toBeNull();
    expect(await made.get('k', async () => fake().runtime)).toMatchObject({ replaces: 'unresponsive' });
  });

  it('AG5: never touches a busy runtime, however ill or idle it looks', async () => {
    let now = 0;
    const { made } = supervisor({ sandboxIdleMs: 10, now: () => now });
    const each = fake('sandbox');
    const { runtime } = await made.get('k', async () => each.runtime);
    each.state.health = broken;
    const run = runtime.execute({ execId: 'e', code: '' }, () => undefined);
    now = 1_000_000;
    for (let i = 0; i < 5; i++) await made.probe();
    expect(each.state.closed).toBe(0);
    each.state.finish();
    await run;
  });

  it('AG6: drops sandboxes nobody used for a while, and no other runtime', async () => {
    let now = 0;
    const { made } = supervisor({ sandboxIdleMs: 1_000, now: () => now });
    const [sandbox, native] = [fake('sandbox'), fake('native')];
    await made.get('s', async () => sandbox.runtime);
    await made.get('n', async () => native.runtime);
    now = 1_001;
    await made.probe();
    expect([sandbox.state.closed, native.state.closed]).toEqual([1, 0]);
    expect(await made.get('s', async () => fake('sandbox').runtime)).toMatchObject({ replaces: 'idle' });
  });

  it('AG6: at most N sandboxes: the longest idle makes room, busy ones never', async () => {
    let now = 0;
    const { made } = supervisor({ maxSandboxes: 2, now: () => now++ });
    const [a, b, c] = [fake('sandbox'), fake('sandbox'), fake('sandbox')];
    const first = await made.get('a', async () => a.runtime);
    const second = await made.get('b', async () => b.runtime);
    void first.runtime.execute({ execId: 'e', code: '' }, () => undefined);
    const third = await made.get('c', async () => c.runtime);
    expect([a.state.closed, b.state.closed, c.state.closed]).toEqual([0, 1, 0]);
    void third.runtime.execute({ execId: 'f', code: '' }, () => undefined);
    void second;
    const fourth = fake('sandbox');
    await expect(made.get('d', async () => fourth.runtime)).rejects.toMatchObject({ code: 'limit_reached' });
    expect(fourth.state.closed).toBe(1);
  });

  it('RU12: restart ends even a busy runtime and starts afresh; reset only empties', async () => {
    const { made, changes } = supervisor();
    const runtimes = [fake(), fake()];
    let next = 0;
    const { runtime } = await made.get('k', async () => runtimes[next++]!.runtime);
    expect(await made.reset('k')).toBe(true);
    expect(runtimes[0]!.state.resets).toBe(1);
    void runtime.execute({ execId: 'e', code: '' }, () => undefined);
    expect(await made.restart('k')).toMatchObject({ fresh: true, replaces: null });
    expect(runtimes[0]!.state.closed).toBe(1);
    expect(changes.map((change) => (change.type === 'down' ? change.asked : change.type))).toEqual(['up', true, 'up']);
    expect(await made.restart('unknown')).toBeNull();
    expect(await made.reset('unknown')).toBe(false);
  });

  it('a start that fails is reported and tried again at the next call', async () => {
    const { made } = supervisor();
    await expect(made.get('k', () => Promise.reject(new Error('no python')))).rejects.toThrow('no python');
    expect((await made.get('k', async () => fake().runtime)).fresh).toBe(true);
  });

  it('keys of different sessions never collide', () => {
    const base = { userId: 'u', projectId: 'p', language: 'python', name: 'a' };
    expect(sessionKey({ ...base, projectId: 'p/python', language: 'a', name: '' })).not.toBe(sessionKey(base));
  });
});
