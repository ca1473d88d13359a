import { describe, expect, it } from 'vitest';
import { presence, worsePresence } from './presence.ts';

describe('presence (AG2)', () => {
  it.each([
    [0, 'online'],
    [24_999, 'online'],
    [25_000, 'suspect'],
    [34_999, 'suspect'],
    [35_000, 'offline'],
  ])('AG2: %i ms after the last word a device is %s', (age, expected) => {
    expect(presence(1_000_000 + age, 1_000_000)).toBe(expected);
  });

  it('AG2: a device that never spoke is offline, and a goodbye holds', () => {
    expect(presence(0, null)).toBe('offline');
    expect(worsePresence('offline', 'online')).toBe('offline');
    expect(worsePresence('online', 'suspect')).toBe('suspect');
  });
});
