import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOUD_SESSION_IDLE_MS, chooseTarget } from './choose-target.ts';
import type { RouteDevice, RouteFlags, RouteRequest, RouteSession, RouteSettings } from './route-input.ts';

const now = new Date('2026-03-02T15:00:00Z');
const on: RouteFlags = { ENABLE_DEVICE_AGENT: true, ENABLE_REMOTE_EXEC_ROUTING: true, ENABLE_CLOUD_FALLBACK: true };
const settings: RouteSettings = { now, fallbackToCloud: true, projectFallbackToCloud: null, defaultTarget: null };
const request: RouteRequest = { projectId: 'p', language: 'python', target: null, batchTarget: null };
const device = (over: Partial<RouteDevice> = {}): RouteDevice => ({
  id: 'mac',
  name: 'MacBook Pro',
  presence: 'online',
  allowRuns: true,
  projectIds: ['p'],
  runtimes: [{ language: 'python', state: 'available' }],
  lastSeenAt: new Date('2026-03-02T14:02:00Z'),
  active: 0,
  unfit: null,
  ...over,
});
const session = (over: Partial<RouteSession> = {}): RouteSession => ({
  target: 'device',
  deviceId: 'mac',
  lastUsedAt: now,
  endedAt: null,
  ...over,
});
const offline = device({ presence: 'offline' });

describe('chooseTarget (RU5)', () => {
  it('RU5: the choice of the person comes before the session', () => {
    const route = chooseTarget({ ...request, target: { kind: 'cloud' } }, [device()], session(), on, settings);
    expect(route).toMatchObject({ target: { kind: 'cloud' }, reason: 'user_choice' });
  });

  it('RU5: a chosen device that is away is waited for, not replaced', () => {
    const route = chooseTarget(
      { ...request, target: { kind: 'device', deviceId: 'mac' } },
      [offline, device({ id: 'b' })],
      null,
      on,
      settings,
    );
    expect(route).toMatchObject({ target: { kind: 'queue' }, reason: 'queued_device_offline', waitingFor: 'mac' });
    expect(route.detail).toBe('Waiting for MacBook Pro, offline since 14:02 UTC');
  });

  it('RU5: then the device that holds the session, also without the project linked', () => {
    const route = chooseTarget(request, [device({ id: 'b' }), device({ projectIds: [] })], session(), on, settings);
    expect(route).toMatchObject({ target: { kind: 'device', deviceId: 'mac' }, reason: 'session_affinity' });
  });

  it('RU5: then another online device with the project and the runtime', () => {
    const route = chooseTarget({ ...request, language: 'py' }, [offline, device({ id: 'b', name: 'Studio' })], session(), on, settings);
    expect(route).toMatchObject({ target: { kind: 'device', deviceId: 'b' }, reason: 'device_online' });
  });

  it('RU5, RU6: then the cloud, and it says why', () => {
    expect(chooseTarget(request, [offline], session(), on, settings)).toMatchObject({
      target: { kind: 'cloud' },
      reason: 'fallback_device_offline',
      detail: 'Cloud · fresh session: MacBook Pro was offline',
    });
    expect(chooseTarget({ ...request, language: 'r' }, [device()], null, on, settings).reason).toBe('fallback_no_runtime');
    expect(chooseTarget(request, [], null, on, settings).reason).toBe('fallback_no_runtime');
    expect(chooseTarget(request, [device({ unfit: 'MacBook Pro did not answer' })], session(), on, settings)).toMatchObject({
      target: { kind: 'cloud' },
    });
  });

  it('RU5: else the queue, by flag, by the person or by the project', () => {
    const wanted = { target: { kind: 'queue' }, reason: 'queued_device_offline', waitingFor: 'mac' };
    expect(chooseTarget(request, [offline], null, { ...on, ENABLE_CLOUD_FALLBACK: false }, settings)).toMatchObject(wanted);
    expect(chooseTarget(request, [offline], null, on, { ...settings, fallbackToCloud: false })).toMatchObject(wanted);
    expect(chooseTarget(request, [offline], null, on, { ...settings, projectFallbackToCloud: false })).toMatchObject(wanted);
    const project = { ...settings, fallbackToCloud: false, projectFallbackToCloud: true };
    expect(chooseTarget(request, [offline], null, on, project)).toMatchObject({ target: { kind: 'cloud' } });
  });

  it('RU6: no silent hop back: the cloud keeps the session for 30 idle minutes', () => {
    const cloudSession = session({ target: 'cloud', deviceId: null });
    expect(chooseTarget(request, [device()], cloudSession, on, settings)).toMatchObject({
      target: { kind: 'cloud' },
      reason: 'session_affinity',
    });
    const idle = { ...cloudSession, lastUsedAt: new Date(now.getTime() - CLOUD_SESSION_IDLE_MS) };
    expect(chooseTarget(request, [device()], idle, on, settings).reason).toBe('device_online');
    expect(chooseTarget(request, [device()], { ...cloudSession, endedAt: now }, on, settings).reason).toBe('device_online');
  });

  it('RU7: routing switched off sends everything to the cloud', () => {
    const flags = { ...on, ENABLE_REMOTE_EXEC_ROUTING: false, ENABLE_CLOUD_FALLBACK: false };
    const chosen = { ...request, target: { kind: 'device' as const, deviceId: 'mac' } };
    expect(chooseTarget(chosen, [device()], session(), flags, settings)).toMatchObject({
      target: { kind: 'cloud' },
      reason: 'routing_disabled',
    });
  });

  it('RU4: the rest of a batch stays with its variables', () => {
    const inBatch = { ...request, batchTarget: { kind: 'device' as const, deviceId: 'mac' } };
    expect(chooseTarget(inBatch, [offline, device({ id: 'b' })], null, on, settings)).toMatchObject({
      target: { kind: 'queue' },
      waitingFor: 'mac',
    });
  });

  it('RU5: the default target is taken while it is there', () => {
    const prefers = { ...settings, defaultTarget: { kind: 'device' as const, deviceId: 'b' } };
    expect(chooseTarget(request, [device(), device({ id: 'b' })], null, on, prefers)).toMatchObject({
      target: { deviceId: 'b' },
      reason: 'user_choice',
    });
    expect(chooseTarget(request, [device(), device({ id: 'b', presence: 'offline' })], null, on, prefers).reason).toBe('device_online');
  });
});

const ids = ['a', 'b', 'c'];
const arbTarget = fc.oneof(
  fc.constant({ kind: 'cloud' as const }),
  fc.constantFrom(...ids).map((deviceId) => ({ kind: 'device' as const, deviceId })),
);
const arbDevice = (id: string): fc.Arbitrary<RouteDevice> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(`Device ${id}`),
    presence: fc.constantFrom('online' as const, 'suspect' as const, 'offline' as const),
    allowRuns: fc.boolean(),
    projectIds: fc.constantFrom([], ['p']),
    runtimes: fc.constantFrom([], [{ language: 'python', state: 'idle' as const }], [{ language: 'python', state: 'down' as const }]),
    lastSeenAt: fc.option(fc.date({ min: new Date(0), max: now, noInvalidDate: true })),
    active: fc.nat(4),
    unfit: fc.option(fc.constant('did not answer')),
  });
const arbDevices = fc.subarray(ids).chain((some) => fc.tuple(...some.map(arbDevice)));
const arbFlags = fc.record({
  ENABLE_DEVICE_AGENT: fc.boolean(),
  ENABLE_REMOTE_EXEC_ROUTING: fc.boolean(),
  ENABLE_CLOUD_FALLBACK: fc.boolean(),
});
const arbSettings = fc.record({
  now: fc.constant(now),
  fallbackToCloud: fc.boolean(),
  projectFallbackToCloud: fc.option(fc.boolean()),
  defaultTarget: fc.option(arbTarget),
});
const arbSession = fc.option(
  fc.record({
    target: fc.constantFrom('device' as const, 'cloud' as const),
    deviceId: fc.option(fc.constantFrom(...ids)),
    lastUsedAt: fc.constantFrom(now, new Date(0)),
    endedAt: fc.option(fc.constant(now)),
  }),
);
const arbRequest = fc.record({
  projectId: fc.constant('p'),
  language: fc.constantFrom('python', 'r'),
  target: fc.option(arbTarget),
  batchTarget: fc.option(arbTarget),
});

describe('chooseTarget properties', () => {
  it('RU5, RU7: respects flags, permissions and reachability, and always explains itself', () => {
    fc.assert(
      fc.property(arbRequest, arbDevices, arbSession, arbFlags, arbSettings, (req, devices, ses, flags, set) => {
        const route = chooseTarget(req, devices, ses, flags, set);
        expect(route.detail.length).toBeGreaterThan(3);
        expect(chooseTarget(req, [...devices].reverse(), ses, flags, set).target).toEqual(route.target);
        if (!flags.ENABLE_REMOTE_EXEC_ROUTING) {
          expect(route).toMatchObject({ target: { kind: 'cloud' }, reason: 'routing_disabled' });
          return;
        }
        if (route.target.kind === 'device') {
          const chosen = devices.find((d) => route.target.kind === 'device' && d.id === route.target.deviceId)!;
          expect(chosen.allowRuns && chosen.presence !== 'offline' && chosen.unfit === null && flags.ENABLE_DEVICE_AGENT).toBe(true);
        }
        const asked = req.target?.kind === 'cloud' || (!req.target && req.batchTarget?.kind === 'cloud');
        if (route.target.kind === 'cloud' && !asked) expect(flags.ENABLE_CLOUD_FALLBACK).toBe(true);
        if (req.target?.kind === 'device' && route.target.kind === 'device') expect(route.target.deviceId).toBe(req.target.deviceId);
        if (req.target?.kind === 'device') expect(route.target.kind).not.toBe('cloud');
        if (route.target.kind === 'queue') expect(route.reason).toBe('queued_device_offline');
      }),
      { numRuns: 3000 },
    );
  });
});
