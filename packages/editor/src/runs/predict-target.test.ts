import { describe, expect, it } from 'vitest';
import { fakeDevice, fakeMe, fakeProject, fakeRun, LAPTOP_ID } from '../testing/fake-host.tsx';
import { predictTarget, type TargetInputs } from './predict-target.ts';

const base: TargetInputs = {
  me: fakeMe(),
  project: fakeProject(),
  devices: [fakeDevice()],
  runs: [],
  chosen: null,
  language: 'python',
  online: true,
  now: Date.parse('2026-05-01T12:00:00Z'),
};
const guess = (change: Partial<TargetInputs>) => predictTarget({ ...base, ...change });
const offline = [fakeDevice({ presence: 'offline' })];
const input = { runId: 'r', projectId: 'p', documentId: 'd', epoch: 'e', language: 'python', code: 'x', codeHash: '' };

describe('predicted target', () => {
  it('RU5: an online device with the project and the runtime', () =>
    expect(guess({})).toMatchObject({ kind: 'device', label: 'MacBook Pro' }));
  it('RU5: the choice of the person goes first', () => expect(guess({ chosen: { kind: 'cloud' } }).label).toBe('Cloud'));
  it('RU5: a chosen device that is away makes the run wait', () =>
    expect(guess({ devices: offline, chosen: { kind: 'device', deviceId: LAPTOP_ID } })).toMatchObject({
      kind: 'queue',
      label: 'MacBook Pro',
    }));
  it('RU6: the device with the variables goes before others', () => {
    const other = fakeDevice({ id: '00000000-0000-4000-8000-0000000000bb', name: 'Studio' });
    const last = fakeRun(input, { startedAt: new Date(), target: { kind: 'device', deviceId: other.id } });
    expect(guess({ devices: [fakeDevice(), other], runs: [last] }).label).toBe('Studio');
  });
  it('RU6: a cloud session keeps the next run for 30 idle minutes', () => {
    const cloud = (endedAt: string) =>
      fakeRun(input, { startedAt: new Date(endedAt), endedAt: new Date(endedAt), target: { kind: 'cloud' } });
    expect(guess({ runs: [cloud('2026-05-01T11:45:00Z')] })).toMatchObject({ kind: 'cloud', detail: 'The variables are in the cloud.' });
    expect(guess({ runs: [cloud('2026-05-01T11:15:00Z')] }).kind).toBe('device');
  });
  it('RU5: falls back to the cloud, unless the person or project does not want it', () => {
    expect(guess({ devices: offline })).toMatchObject({
      kind: 'cloud',
      detail: 'MacBook Pro is offline. The cloud runs it in a fresh session.',
    });
    expect(guess({ devices: offline, project: fakeProject({ fallbackToCloud: false }) })).toMatchObject({
      kind: 'queue',
      label: 'MacBook Pro',
    });
  });
  it('a device that takes no runs or lacks the language is passed by', () => {
    expect(guess({ devices: [fakeDevice({ allowRuns: false })] }).kind).toBe('cloud');
    expect(guess({ language: 'julia' }).kind).toBe('cloud');
  });
  it('RU5: says of the computer that holds the project why it is not taken', () => {
    expect(guess({ language: 'julia' }).detail).toContain('MacBook Pro cannot run julia.');
    expect(guess({ devices: [fakeDevice({ allowRuns: false })] }).detail).toContain('Runs are switched off on MacBook Pro.');
  });
  it('RU5, RU6: a default goes after the place of the variables, and is not waited for', () => {
    const me = { ...fakeMe(), settings: { fallbackToCloud: true, defaultTarget: { kind: 'device' as const, deviceId: LAPTOP_ID } } };
    expect(guess({ me }).detail).toBe('MacBook Pro is your default.');
    expect(guess({ me, devices: offline }).kind).toBe('cloud');
    const cloud = fakeRun(input, { startedAt: new Date(base.now), endedAt: new Date(base.now), target: { kind: 'cloud' } });
    expect(guess({ me, runs: [cloud] }).detail).toBe('The variables are in the cloud.');
  });
  it('WB4: offline, says that the run is kept', () => expect(guess({ online: false }).detail).toContain('kept on this device'));
});
