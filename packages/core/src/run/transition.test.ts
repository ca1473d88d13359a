import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminal } from './run.ts';
import { newRunCore, type RunCore } from './run-core.ts';
import { type RunTransitionEvent, transition } from './transition.ts';

const at = new Date(0);
const devices = ['a', 'b'];
const input = { prompt: '? ', password: false, execId: 'x' };

const anyEvent: fc.Arbitrary<RunTransitionEvent> = fc.oneof(
  ...(['offer', 'grant'] as const).map((type) =>
    fc.record({
      type: fc.constant(type),
      at: fc.constant(at),
      attempt: fc.integer({ min: 0, max: 4 }),
      deviceId: fc.constantFrom(...devices),
    }),
  ),
  ...(['withdraw', 'started'] as const).map((type) =>
    fc.record({ type: fc.constant(type), at: fc.constant(at), attempt: fc.integer({ min: 0, max: 4 }) }),
  ),
  fc.record({
    type: fc.constant('stdinRequested' as const),
    at: fc.constant(at),
    attempt: fc.integer({ min: 0, max: 4 }),
    input: fc.constant(input),
  }),
  fc.record({
    type: fc.constant('ended' as const),
    at: fc.constant(at),
    attempt: fc.integer({ min: 0, max: 4 }),
    outcome: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const, 'interrupted' as const),
  }),
  fc.record({ type: fc.constant('cancelRequested' as const), at: fc.constant(at), force: fc.boolean() }),
  fc.record({ type: fc.constant('stopUnreached' as const), at: fc.constant(at), attempt: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ type: fc.constant('contactLost' as const), at: fc.constant(at), since: fc.constant(at) }),
  fc.record({
    type: fc.constant('interrupted' as const),
    at: fc.constant(at),
    reason: fc.constantFrom('device_lost' as const, 'runtime_died' as const),
  }),
  ...(['stdinAnswered', 'answerLost', 'upstreamFailed', 'discarded', 'held', 'released', 'expired', 'contactRegained'] as const).map(
    (type) => fc.constant({ type, at } as RunTransitionEvent),
  ),
);

/** Applies what fits, as the writers do, and reports every state on the way. */
function walk(events: readonly RunTransitionEvent[]): { states: RunCore[]; applied: RunTransitionEvent[] } {
  const states: RunCore[] = [newRunCore];
  const applied: RunTransitionEvent[] = [];
  for (const event of events) {
    const result = transition(states.at(-1)!, event);
    if (!result.ok) {
      expect(result.error.code).toBe('illegal_transition');
      continue;
    }
    states.push(result.run);
    applied.push(event);
  }
  return { states, applied };
}

const must = (run: RunCore, event: RunTransitionEvent): RunCore => {
  const result = transition(run, event);
  if (!result.ok) throw result.error;
  return result.run;
};
const offered = must(newRunCore, { type: 'offer', at, attempt: 1, deviceId: 'a' });
const running = must(offered, { type: 'grant', at, attempt: 1, deviceId: 'a' });

describe('transition (RU1)', () => {
  it('RU1: a terminal run never changes again', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const { states } = walk(events);
        expect(states.filter((s) => isTerminal(s.state)).length).toBeLessThanOrEqual(1);
        const end = states.at(-1)!;
        if (isTerminal(end.state)) {
          expect(end.endedAt).not.toBeNull();
          expect(end.awaitingInput).toBeNull();
          expect(end.contactLostSince).toBeNull();
        }
      }),
      { numRuns: 700 },
    );
  });

  it('RU10: at most one grant a run, and never back to the queue after it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const { states, applied } = walk(events);
        expect(applied.filter((e) => e.type === 'grant').length).toBeLessThanOrEqual(1);
        const granted = states.findIndex((s) => s.grantedAt !== null);
        if (granted < 0) return;
        for (const later of states.slice(granted)) {
          expect(['queued', 'offered', 'expired']).not.toContain(later.state);
          expect(later.deviceId).toBe(states[granted]!.deviceId);
          expect(later.attempt).toBe(states[granted]!.attempt);
        }
      }),
      { numRuns: 700 },
    );
  });

  it('RU10: attempts only grow, by one an offer', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const { states } = walk(events);
        states.reduce((before, after) => {
          expect(after.attempt - before.attempt).toBe(before.state === 'queued' && after.state === 'offered' ? 1 : 0);
          return after;
        });
      }),
    );
  });

  it('RU10: an accept for a withdrawn attempt or from another device is refused', () => {
    const again = must(must(offered, { type: 'withdraw', at, attempt: 1 }), { type: 'offer', at, attempt: 2, deviceId: 'b' });
    expect(transition(again, { type: 'grant', at, attempt: 1, deviceId: 'a' }).ok).toBe(false);
    expect(transition(again, { type: 'grant', at, attempt: 2, deviceId: 'a' }).ok).toBe(false);
    expect(transition(again, { type: 'grant', at, attempt: 2, deviceId: 'b' }).ok).toBe(true);
  });

  it('RU12: cancel ends what has not started at once, and only asks what runs', () => {
    expect(must(newRunCore, { type: 'cancelRequested', at, force: false }).state).toBe('cancelled');
    expect(must(offered, { type: 'cancelRequested', at, force: false }).state).toBe('cancelled');
    const asked = must(running, { type: 'cancelRequested', at, force: false });
    expect(asked).toMatchObject({ state: 'running', cancelRequestedAt: at, forceRequestedAt: null });
    expect(must(asked, { type: 'cancelRequested', at: new Date(5), force: true })).toMatchObject({
      cancelRequestedAt: at,
      forceRequestedAt: new Date(5),
    });
  });

  it('RU12: a Stop that did not reach the code is open no longer; a forced one is', () => {
    const asked = must(running, { type: 'cancelRequested', at, force: false });
    const unreached = { type: 'stopUnreached' as const, at: new Date(5), attempt: 1 };
    const inVain = must(asked, unreached);
    expect(inVain).toMatchObject({ state: 'running', cancelRequestedAt: null, stopUnreachedAt: new Date(5) });
    expect(transition(inVain, unreached).ok).toBe(false);
    expect(transition(running, unreached).ok).toBe(false);
    expect(must(inVain, { type: 'cancelRequested', at: new Date(9), force: false }).cancelRequestedAt).toEqual(new Date(9));
    expect(transition(must(asked, { type: 'cancelRequested', at, force: true }), unreached).ok).toBe(false);
  });

  it('RU14: the second answer to a question does not fit', () => {
    const asking = must(running, { type: 'stdinRequested', at, attempt: 1, input });
    expect(transition(asking, { type: 'stdinAnswered', at, execId: 'other' }).ok).toBe(false);
    const answered = must(asking, { type: 'stdinAnswered', at, execId: 'x' });
    expect(transition(answered, { type: 'stdinAnswered', at, execId: 'x' }).ok).toBe(false);
  });

  it('RU14: a lost answer opens the question again, and one the runtime has closes it', () => {
    const asking = must(running, { type: 'stdinRequested', at, attempt: 1, input });
    expect(transition(asking, { type: 'answerLost', at }).ok).toBe(false);
    const answered = must(asking, { type: 'stdinAnswered', at, execId: 'x' });
    const open = must(answered, { type: 'answerLost', at });
    expect(open.awaitingInput).toEqual(input);
    expect(transition(open, { type: 'stdinAnswered', at, execId: 'x' }).ok).toBe(true);
    const known = must(answered, { type: 'stdinAnswered', at });
    expect(known.awaitingInput).toBeNull();
    expect(transition(known, { type: 'answerLost', at }).ok).toBe(false);
  });

  it('RU8: a held run is not offered until it is released', () => {
    const held = must(newRunCore, { type: 'held', at });
    expect(transition(held, { type: 'offer', at, attempt: 1, deviceId: 'a' }).ok).toBe(false);
    expect(transition(must(held, { type: 'released', at }), { type: 'offer', at, attempt: 1, deviceId: 'a' }).ok).toBe(true);
  });

  it('RU11: only a run that was granted can be interrupted, and only one that waits can expire', () => {
    expect(transition(offered, { type: 'interrupted', at, reason: 'device_lost' }).ok).toBe(false);
    expect(transition(running, { type: 'expired', at }).ok).toBe(false);
    expect(must(running, { type: 'interrupted', at, reason: 'device_lost' })).toMatchObject({
      state: 'interrupted',
      exitReason: 'device_lost',
    });
  });
});
