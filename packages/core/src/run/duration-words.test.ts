import { expect, it } from 'vitest';
import { formatDuration, formatElapsed } from './duration-words.ts';

it('RU22: says how long a run goes on, and took, in the unit people would choose', () => {
  expect([300, 42_000, 185_000, 7_800_000].map(formatElapsed)).toEqual(['0.3 s', '42 s', '3 min 5 s', '2 h 10 min']);
  expect([-4, 32, 99.6, 100, 42_000].map(formatDuration)).toEqual(['0 ms', '32 ms', '100 ms', '0.1 s', '42 s']);
});
