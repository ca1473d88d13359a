import { describe, expect, it } from 'vitest';
import { fakeRun, LAPTOP_ID } from '../testing/fake-host.tsx';
import { ranOnText, runStatus, targetNameOf } from './run-status.ts';

const input = { runId: 'r', projectId: 'p', documentId: 'd', epoch: 'e', language: 'python', code: 'x', codeHash: '' };
const run = (change: Parameters<typeof fakeRun>[1]) => fakeRun(input, change);
const NOW = Date.parse('2026-05-01T12:00:00Z');
const before = (ms: number) => new Date(NOW - ms);

describe('run status', () => {
  it('WB6: a run that nothing took yet is being sent to where it is meant for', () => {
    const queued = run({ state: 'queued' });
    expect(runStatus(queued, NOW, targetNameOf(queued, [{ id: LAPTOP_ID, name: 'MacBook Pro' }])).text).toBe('Sending to MacBook Pro…');
  });
  it('RU13: a run that waits says for what', () => {
    expect(runStatus(run({ state: 'queued', message: 'Waiting for cell 3 on MacBook Pro' }), NOW).text).toBe(
      'Waiting for cell 3 on MacBook Pro',
    );
  });
  it('RU12: "Stopping…", and force stop only after 10 s', () => {
    const early = runStatus(run({ state: 'running', cancelRequestedAt: before(9_000) }), NOW);
    expect(early).toMatchObject({ text: 'Stopping…', canStop: false, canForce: false });
    expect(runStatus(run({ state: 'running', cancelRequestedAt: before(10_000) }), NOW).canForce).toBe(true);
  });
  it('RU12: where a Stop did not reach the code it is true that it runs, and both ways to stop are offered', () => {
    const inVain = { state: 'running', stopUnreachedAt: before(100) } as const;
    const words = { message: 'Running. Stop did not reach the code' };
    expect(runStatus(run({ ...inVain, ...words }), NOW)).toMatchObject({ text: words.message, canStop: true, canForce: true });
    expect(runStatus(run({ ...inVain, cancelRequestedAt: before(50) }), NOW)).toMatchObject({ text: 'Stopping…', canForce: true });
    expect(runStatus(run({ ...inVain, state: 'interrupted' }), NOW)).toMatchObject({ canStop: false, canForce: false });
  });
  it('says that contact is lost and that it may still run', () => {
    const status = runStatus(run({ state: 'running', ranOn: 'MacBook Pro', contactLostSince: before(40_000) }), NOW);
    expect(status.text).toBe('Lost contact with MacBook Pro 40 s ago. It may still be running.');
    expect(status.canStop).toBe(true);
  });
  it('RU14: says that it waits for input', () => {
    const awaitingInput = { prompt: '', password: false, execId: 'e' };
    expect(runStatus(run({ state: 'running', awaitingInput }), NOW).text).toBe('Waiting for your input');
  });
  it('RU4: a run of a batch that was ended says why', () => {
    expect(runStatus(run({ state: 'cancelled', exitReason: 'upstream_failed' }), NOW).text).toBe('Not run: an earlier cell failed');
  });
  it('RU22: where an output came from', () => {
    const times = { startedAt: before(300), endedAt: before(0) };
    expect(ranOnText(run({ ranOn: 'MacBook Pro', ...times }))).toBe('ran on MacBook Pro · 0.3 s');
    const cloud = { ranOn: 'Cloud', target: { kind: 'cloud' as const }, freshSession: true, startedAt: before(1200), endedAt: before(0) };
    expect(ranOnText(run(cloud))).toBe('Cloud · 1.2 s · fresh session');
    expect(ranOnText(run({ ranOn: 'MacBook Pro', startedAt: before(300) }))).toBe('on MacBook Pro');
    expect(ranOnText(run({ ranOn: 'MacBook Pro', startedAt: before(8), endedAt: before(0) }))).toBe('ran on MacBook Pro · 8 ms');
    expect(ranOnText(run({}))).toBeNull();
  });
  it('WB6: what the server says of an end stands in the status where it is short, else below it', () => {
    expect(runStatus(run({ state: 'failed', message: 'The runtime ran out of memory' }), NOW).text).toBe('The runtime ran out of memory');
    expect(runStatus(run({ state: 'failed', message: 'x'.repeat(61) }), NOW).text).toBe('Failed');
  });
  it('RU11: a run of the cloud loses contact with the cloud', () => {
    const lost = run({ state: 'running', ranOn: 'Cloud', target: { kind: 'cloud' }, contactLostSince: before(4_000) });
    expect(runStatus(lost, NOW).text).toBe('Lost contact with the cloud 4.0 s ago. It may still be running.');
  });
  it('RU11: contact is not lost before the run began', () => {
    const lost = run({ state: 'running', ranOn: 'MacBook Pro', startedAt: before(32_000), contactLostSince: before(35_000) });
    expect(runStatus(lost, NOW).text).toBe('Lost contact with MacBook Pro 32 s ago. It may still be running.');
  });
});
