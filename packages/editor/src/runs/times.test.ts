import { describe, expect, it } from 'vitest';
import { agoText, localTimes, whenText } from './times.ts';

const NOON = new Date(2026, 4, 1, 12, 0);
const at = (day: number, hours: number) => new Date(2026, 4, day, hours, 2);

describe('times people read', () => {
  it('WB6: the clock, with the day where it is another one', () => {
    const shown = [at(1, 14), at(2, 9), at(0, 23), at(3, 8), new Date(2025, 11, 31, 8, 2)].map((each) => whenText(each, NOON.getTime()));
    expect(shown).toEqual(['14:02', 'tomorrow 09:02', 'yesterday 23:02', '3 May 08:02', '31 Dec 2025 08:02']);
  });

  it('WB1: how long ago', () => {
    const ago = (ms: number) => agoText(new Date(NOON.getTime() - ms), NOON.getTime());
    expect([20_000, 720_000, 3 * 3_600_000, 30 * 3_600_000, 60 * 3_600_000].map(ago)).toEqual([
      ...['just now', '12 min ago', '3 h ago', '1 day ago', '2 days ago'],
    ]);
  });

  it('RU8: the times in a sentence of the server are told on the person’s clock', () => {
    const utc = (date: Date) => date.toISOString().slice(11, 16);
    const earlier = new Date(NOON.getTime() - 3_600_000);
    expect(localTimes(`Waiting for Mac, offline since ${utc(earlier)} UTC`, NOON.getTime())).toBe('Waiting for Mac, offline since 11:00');
    const later = new Date(NOON.getTime() + 3_600_000);
    expect(localTimes(`since ${utc(later)} UTC`, NOON.getTime())).toBe('since yesterday 13:00');
    const dated = `since ${new Date(2026, 3, 28, 9, 5).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    expect(localTimes(dated, NOON.getTime())).toBe('since 28 Apr 09:05');
    expect(localTimes('Running', NOON.getTime())).toBe('Running');
  });
});
