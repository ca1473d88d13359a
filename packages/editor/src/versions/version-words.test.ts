import type { VersionView } from '@markco/core/contract/versions';
import { describe, expect, it } from 'vitest';
import { byDay, versionDetail, versionWords } from './version-words.ts';

const version = (over: Partial<VersionView>): VersionView => ({
  ...{ id: '00000000-0000-4000-8000-000000000001', kind: 'point', at: new Date(), reason: 'restore', by: 'Ada', size: 2_100 },
  ...over,
});

describe('words of a version', () => {
  it('WB2: says why it was kept, and who it was', () => {
    expect(versionWords(version({}), 'Ada')).toBe('Before you restored');
    expect(versionWords(version({}), 'Bob')).toBe('Before Ada restored');
    expect(versionWords(version({ by: null }), null)).toBe('Before someone restored');
    expect(versionWords(version({ reason: 'outside_change', by: 'MacBook' }), 'Ada')).toBe('Before files changed on MacBook');
    expect(versionWords(version({ kind: 'daily', reason: null, by: null }), 'Ada')).toBe('Daily');
    expect(versionDetail(version({ kind: 'daily' }))).toBe('before that day’s first edit · 2 kB');
    expect(versionDetail(version({ kind: 'generation', size: null }))).toBeNull();
  });

  it('WB2: goes by the days of the reader, midnight to midnight', () => {
    const now = new Date(2026, 2, 29, 12);
    const at = (...time: [number, number, number, number]) => version({ at: new Date(...time) });
    const days = byDay([at(2026, 2, 29, 0), at(2026, 2, 28, 23), at(2026, 2, 28, 1), at(2026, 2, 20, 9), at(2025, 2, 20, 9)], now);
    expect(days.map(({ versions }) => versions.length)).toEqual([1, 2, 1, 1]);
    expect(days.slice(0, 2).map(({ day }) => day)).toEqual(['Today', 'Yesterday']);
    expect(days[3]!.day).toContain('2025');
  });
});
