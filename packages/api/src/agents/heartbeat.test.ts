import type { RuntimeInfo } from '@markco/core/device/device';
import { pythonAvailable } from '@markco/testing/fake-device';
import { makeDevice } from '@markco/testing/run-factories';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';

let t: TestEngine;
beforeEach(async () => {
  t = await testEngine({ started: false });
});
afterEach(() => t.close());

const runtime = (runtimeId: string, state: RuntimeInfo['state'] = 'available'): RuntimeInfo => ({
  ...pythonAvailable.runtimes[0]!,
  runtimeId,
  state,
});
const deviceRow = (id: string) => t.resources.db.device.findUniqueOrThrow({ where: { id }, include: { capability: true, runtimes: true } });

/** A connected device whose next plain heartbeat brings nothing new. */
async function settledDevice(name: string) {
  const made = await makeDevice(t.resources, t.ada, [], { name });
  await made.device.connect();
  await made.device.heartbeat();
  return made;
}

describe('heartbeats that bring nothing new (AG2)', () => {
  it('AG2: are stored for every device, with what they say of load, and tell nobody', async () => {
    const made = await Promise.all(['One', 'Two', 'Three'].map(settledDevice));
    const told: string[] = [];
    t.resources.bus.subscribe('devices.changed', ({ userId }) => told.push(userId));
    const before = await Promise.all(made.map(({ deviceId }) => deviceRow(deviceId)));
    t.resources.advance(10_000);
    await Promise.all(made.map(({ device }, i) => device.heartbeat({ ...pythonAvailable, load: i })));
    for (const [i, { deviceId }] of made.entries()) {
      const after = await deviceRow(deviceId);
      expect(Number(after.lastSeenAt) - Number(before[i]!.lastSeenAt)).toBeGreaterThanOrEqual(10_000);
      expect(after.presence).toBe('online');
      expect(after.capability?.snapshot).toEqual({ load: i, agentAllowsRuns: true });
      expect(after.runtimes).toEqual(before[i]!.runtimes);
    }
    expect(told).toEqual([]);
  });

  it('AG2: bring a silent device back, which is told to everyone', async () => {
    const { device, deviceId } = await settledDevice('One');
    t.resources.advance(26_000);
    await t.engine.sweepOnce();
    expect((await deviceRow(deviceId)).presence).toBe('suspect');
    const told = new Promise((resolve) => t.resources.bus.subscribe('devices.changed', resolve));
    await device.heartbeat();
    await told;
    expect((await deviceRow(deviceId)).presence).toBe('online');
  });

  it('SE2, AG8: are refused once the sign-in is gone', async () => {
    const { device, deviceId } = await settledDevice('One');
    const seen = (await deviceRow(deviceId)).lastSeenAt;
    await t.resources.db.refreshToken.updateMany({ where: { deviceId }, data: { revokedAt: new Date() } });
    // What was true a moment ago may be believed for two seconds.
    t.resources.advance(10_000);
    await expect(device.heartbeat()).rejects.toMatchObject({ message: expect.stringContaining('signed out') });
    expect((await deviceRow(deviceId)).lastSeenAt).toEqual(seen);
  });

  it('AG2: on a connection that another one replaced do not count as the news of that one', async () => {
    const { device, deviceId } = await settledDevice('One');
    const connectionId = t.resources.newId();
    await t.resources.db.device.update({ where: { id: deviceId }, data: { connectionId } });
    expect(await device.heartbeat()).toEqual({ ok: true });
    expect((await deviceRow(deviceId)).connectionId).toBe(connectionId);
  });
});

describe('the rows of runtimes (AG2)', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const list = fc.uniqueArray(fc.record({ id, state: fc.constantFrom('idle' as const, 'busy' as const) }), {
    selector: (one) => one.id,
    maxLength: 3,
  });
  const said = fc.oneof(
    fc.record({ what: fc.constant('heartbeat' as const), list, together: fc.boolean() }),
    fc.record({ what: fc.constant('up' as const), id, together: fc.boolean() }),
    fc.record({ what: fc.constant('down' as const), id, together: fc.boolean() }),
  );

  it('AG2: whatever came before, together or one by one: they are what the newest heartbeat said', async () => {
    const { device, deviceId } = await settledDevice('One');
    const say = (one: (typeof said extends fc.Arbitrary<infer T> ? T : never) & object) => {
      if (one.what === 'heartbeat') return device.heartbeat({ runtimes: one.list.map(({ id: name, state }) => runtime(name, state)) });
      if (one.what === 'up') return device.send({ type: 'RUNTIME_UP', runtime: runtime(one.id, 'busy') });
      return device.send({ type: 'RUNTIME_DOWN', runtimeId: one.id, reason: 'exit code 1' });
    };
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 6, size: 'max' }), list, async (words, last) => {
        let open: Promise<unknown>[] = [];
        for (const word of words) {
          open.push(say(word));
          if (!word.together) await Promise.all(open.splice(0));
        }
        await Promise.all(open);
        open = [];
        const runtimes = last.map(({ id: name, state }) => runtime(name, state));
        await device.heartbeat({ runtimes });
        const rows = (await deviceRow(deviceId)).runtimes.map(({ runtimeId, state }) => `${runtimeId} ${state}`);
        expect(rows.sort()).toEqual(runtimes.map(({ runtimeId, state }) => `${runtimeId} ${state}`).sort());
      }),
      { numRuns: 15 },
    );
  });
});
