import { describe, expect, it } from 'vitest';
import { clockTime, endingMessage, fallbackHint, waitingForBusy, waitingForDevice } from './run-messages.ts';

const now = new Date('2026-03-02T15:00:00Z');

describe('run messages', () => {
  it('RU8: names the device and since when it is away', () => {
    expect(waitingForDevice('MacBook Pro', new Date('2026-03-02T14:02:00Z'), now)).toBe('Waiting for MacBook Pro, offline since 14:02 UTC');
    expect(waitingForDevice('MacBook Pro', null, now)).toContain('has not connected yet');
    expect(clockTime(new Date('2026-03-01T14:02:00Z'), now)).toBe('2026-03-01 14:02');
    expect(clockTime(new Date('2026-03-02T14:02:00Z'), now, -60)).toBe('15:02');
  });

  it('RU13: says which cell keeps the runtime busy', () => {
    expect(waitingForBusy('MacBook Pro', 2)).toBe('Waiting for cell 3 on MacBook Pro');
  });

  it('RU6: repeats why after a fallback, for the errors a fresh session explains', () => {
    const why = 'Cloud · fresh session: MacBook Pro was offline';
    expect(fallbackHint('NameError', why)).toMatch(/^In the cloud because MacBook Pro was offline\. The variables/);
    expect(fallbackHint('ModuleNotFoundError', why)).toContain('packages');
    expect(fallbackHint('ZeroDivisionError', why)).toBeNull();
  });

  it('RU4, RU11: endings say what it means and what to do', () => {
    expect(endingMessage('cancelled', 'upstream_failed')).toContain('did not complete');
    expect(endingMessage('interrupted', 'device_lost')).toContain('run it again');
    expect(endingMessage('completed', null)).toBeNull();
  });
});
