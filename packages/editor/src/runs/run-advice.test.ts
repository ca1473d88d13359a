import { describe, expect, it } from 'vitest';
import { fakeDevice, fakeRun, LAPTOP_ID, PROJECT_ID } from '../testing/fake-host.tsx';
import { runAdvice } from './run-advice.ts';
import { fallbackReason, holdsSession } from './run-places.ts';

const NOW = new Date(2026, 4, 1, 14, 30).getTime();
const MINUTE = 60_000;
const before = (minutes: number) => new Date(NOW - minutes * MINUTE);
const run = (change: Parameters<typeof fakeRun>[1], runId = 'r') =>
  fakeRun({ runId, projectId: PROJECT_ID, documentId: 'd', epoch: 'e', language: 'python', code: 'x', codeHash: '' }, change);
const laptop = fakeDevice();
const away = fakeDevice({ presence: 'offline', lastSeenAt: before(40), runtimes: [] });
const advise = (about: ReturnType<typeof run>, devices = [laptop], runs = [about]) =>
  runAdvice(about, { runs, devices, index: 1, now: NOW });
const labels = (...of: Parameters<typeof advise>) => advise(...of).actions.map((action) => action.label);
const fell = {
  ...{ target: { kind: 'cloud' as const }, reason: 'fallback_device_offline' as const, ranOn: 'Cloud', freshSession: true },
  ...{ why: 'Cloud · fresh session: MacBook Pro was offline', startedAt: before(2), endedAt: before(1) },
};

describe('what is said below a run', () => {
  it('RU8: a waiting run says since when, until when, and the ways out', () => {
    const waiting = run({ state: 'queued', target: { kind: 'queue' }, reason: 'queued_device_offline', createdAt: before(20) });
    const advice = advise(waiting, [away]);
    expect(advice.notes).toEqual(['Waiting since 14:10. Starts by itself until 15:10, then asks you. Given up tomorrow 14:10.']);
    expect(advice.actions.map((action) => action.kind)).toEqual(['cloudInstead', 'cancel']);
  });

  it('RU8: one that is held starts only when the person says so', () => {
    const held = run({ state: 'queued', target: { kind: 'queue' }, createdAt: before(90), heldSince: before(30) });
    expect(advise(held, [away]).notes[0]).toBe('Waiting since 13:00. It starts only when you say so. Given up tomorrow 13:00.');
    expect(labels(held, [away])).toEqual(['Run when the computer is there', 'Run in the cloud instead', 'Cancel']);
  });

  it('RU13: one that waits for another run can be cancelled, and nothing is said about computers', () => {
    const busy = run({ state: 'queued', message: 'Waiting for cell 3 on MacBook Pro' });
    expect(advise(busy)).toEqual({ notes: [], actions: [{ kind: 'cancel', label: 'Cancel' }] });
    expect(labels(run({ state: 'queued' }))).toEqual([]);
  });

  it('RU11: lost contact says what follows, that nothing runs twice, and lets the person end it', () => {
    const lost = run({ state: 'running', ranOn: 'MacBook Pro', contactLostSince: before(1) });
    expect(advise(lost).notes).toEqual([
      'If MacBook Pro comes back, the output goes on here; nothing runs twice. Given up after 24 hours without contact.',
    ]);
    expect(labels(lost)).toEqual(['Give it up now (loses variables)']);
    const stopped = { ...lost, cancelRequestedAt: before(1), target: { kind: 'cloud' as const } };
    expect(advise(stopped).notes[0]).toContain('If the cloud comes back');
    expect(advise(stopped).notes[0]).toContain('The stop reaches it first thing when it is back. Given up after 10 minutes');
  });

  it('RU11: one that was given up can run again at its place; its ending is told, recovered output too', () => {
    const message = 'Recovered: MacBook Pro was heard from again, and this had completed. The output is all here.';
    const given = run({ state: 'interrupted', exitReason: 'device_lost', ranOn: 'MacBook Pro', startedAt: before(9), message });
    expect(advise(given)).toEqual({
      notes: [message],
      actions: [{ kind: 'again', label: 'Run again on MacBook Pro', target: { kind: 'device', deviceId: LAPTOP_ID } }],
    });
    const expired = run({ state: 'expired', target: { kind: 'queue' } });
    expect(advise(expired).actions).toEqual([{ kind: 'again', label: 'Run again', target: null }]);
  });
});

describe('after a fallback (RU6)', () => {
  it('RU6: says why and what is different, while it runs and after', () => {
    const what = 'Variables and files of your computer';
    expect(advise(run({ ...fell, state: 'running', endedAt: null }), [away]).notes).toEqual([
      `In the cloud because MacBook Pro was offline. ${what} are not there.`,
    ]);
    expect(advise(run({ ...fell, state: 'completed' }), [away])).toEqual({
      notes: [`Ran in the cloud because MacBook Pro was offline. ${what} were not there.`],
      actions: [],
    });
  });

  it('RU6: a failure that comes from it says so once, and offers what helps', () => {
    const message = `In the cloud because MacBook Pro was offline. The variables of your computer are not there. "Run all above here" fills the fresh session.`;
    const failed = run({ ...fell, state: 'failed', message });
    expect(advise(failed, [away]).notes).toEqual([message]);
    expect(labels(failed, [away])).toEqual(['Run all above here', 'Run on MacBook Pro when it is back']);
    expect(labels(failed)).toEqual(['Run all above here', 'Run on MacBook Pro']);
  });

  it('RU6: "variables there" is said only where the session is', () => {
    const held = fakeDevice({
      runtimes: [{ ...laptop.runtimes[0]!, projectId: PROJECT_ID, sessionName: 'default', state: 'idle' }],
    });
    const done = run({ ...fell, state: 'completed' });
    expect([holdsSession(held, done), holdsSession(laptop, done)]).toEqual([true, false]);
    expect(labels(done, [held])).toEqual(['Back to MacBook Pro (variables there)']);
    expect(labels(done, [laptop])).toEqual(['Run on MacBook Pro']);
  });

  it('RU6: a run that continues such a session offers the way back too; one the person sent there does not', () => {
    const first = run({ ...fell, state: 'completed' }, '1');
    const next = run({ ...fell, state: 'completed', reason: 'session_affinity', freshSession: false, why: 'Cloud · variables there' }, '2');
    expect(fallbackReason(next, [next, first])).toBe('MacBook Pro was offline');
    expect(advise(next, [laptop], [next, first])).toMatchObject({ notes: [], actions: [{ label: 'Run on MacBook Pro' }] });
    const chosen = { ...first, reason: 'user_choice' as const, why: 'Cloud · you chose it' };
    expect(fallbackReason(chosen, [chosen])).toBeNull();
    expect(fallbackReason(next, [next, chosen, { ...first, id: '0' }])).toBeNull();
  });
});
