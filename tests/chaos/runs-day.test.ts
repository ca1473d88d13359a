import { Day } from '@markco/testing/day/day';
import fc from 'fast-check';
import { expect } from 'vitest';
import { scenario } from '../lib/chaos-scenario.ts';
import { daySteps } from '../lib/day-steps.ts';
import { recordRunStates, statesOf } from '../lib/run-states.ts';
import { SeededRandom } from '../lib/seeded-random.ts';

/** So long a story that failed is told shorter and shorter, in ms. */
const SHRINK_MS = 120_000;

scenario(
  'RU1–RU17, AG1, AG2: whatever sleeps, wakes, breaks, dies and is flipped in a day, every run keeps its promises',
  async (chaos) => {
    const story = daySteps({ steps: chaos.size(20, 250), longest: chaos.size(6_000, 600_000), nights: 4 });
    const lives = Number(process.env.CHAOS_DAYS ?? chaos.size(2, 6));
    let failedAt: number | null = null;
    let runs = 0;
    let days = 0;
    const live = async (luck: number, steps: Parameters<Day['step']>[0][]) => {
      if (failedAt !== null && performance.now() - failedAt > SHRINK_MS) return;
      const random = new SeededRandom(luck);
      const day = await Day.begin(() => random.next(), { record: recordRunStates, of: statesOf });
      try {
        for (const step of steps) await day.step(step);
        expect(await day.end()).toEqual([]);
        runs += day.runs;
        chaos.progress(`day ${++days}: ${day.runs} runs in ${steps.length} steps`);
      } catch (error) {
        failedAt ??= performance.now();
        throw error;
      } finally {
        await day.close();
      }
    };
    await fc.assert(fc.asyncProperty(fc.nat(), story, live), { numRuns: lives, seed: chaos.random.int(0, 2 ** 31 - 1) });
    chaos.count('days', days);
    chaos.count('runs', runs);
  },
);
