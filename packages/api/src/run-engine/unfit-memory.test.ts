import { expect, it } from 'vitest';
import { UnfitMemory } from './unfit-memory.ts';

it('RU10: leaves a device that failed a run out of it for 3 s, doubling to 60 s, or until it reports a change', () => {
  let now = 0;
  const memory = new UnfitMemory(() => now);
  const leftOutFor = (): number => {
    const from = now;
    memory.add('run', 'laptop', 'It has no Python.');
    expect(memory.of('another').size).toBe(0);
    while (memory.of('run').size > 0) now += 1_000;
    return now - from;
  };
  expect(Array.from({ length: 7 }, leftOutFor)).toEqual([3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  memory.add('run', 'laptop', 'It has no Python.');
  memory.forgetDevice('desktop');
  expect(memory.of('run').get('laptop')).toMatchObject({ why: 'It has no Python.', away: false });
  memory.forgetDevice('laptop');
  expect(memory.of('run').size).toBe(0);
  expect(leftOutFor(), 'what was before is forgotten').toBe(3_000);
});
