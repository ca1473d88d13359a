import type { DayAct, DayStep } from '@markco/testing/day/day-act';
import type { CellPlan } from '@markco/testing/day/day-book';
import fc from 'fast-check';

const nat = (max: number) => fc.nat({ max });
/** A little over a minute at most: after the day, computers that come back are given time to finish. */
const paces = [
  { lines: 0, everyMs: 0 },
  { lines: 1, everyMs: 0 },
  { lines: 30, everyMs: 0 },
  { lines: 3, everyMs: 20 },
  { lines: 30, everyMs: 300 },
  { lines: 5, everyMs: 2_000 },
  { lines: 8, everyMs: 9_000 },
];
const plan: fc.Arbitrary<Omit<CellPlan, 'tag'>> = fc
  .record({
    pace: fc.constantFrom(...paces),
    ask: fc.constantFrom(null, null, null, null, 'text' as const, 'password' as const),
    end: fc.constantFrom('ok' as const, 'ok' as const, 'ok' as const, 'error' as const, 'die' as const),
  })
  .map(({ pace, ...rest }) => ({ ...pace, ...rest }));
const target = fc.constantFrom('none', 'none', 'none', 'none', 'cloud', 'device 0', 'device 1');

const act: fc.Arbitrary<DayAct> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('tap' as const),
      plans: fc.array(plan, { minLength: 1, maxLength: 1 }),
      session: nat(2),
      target,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('tap' as const),
      plans: fc.array(plan, { minLength: 2, maxLength: 4 }),
      session: nat(2),
      target,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tap again' as const), run: nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), run: nat(9), force: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ do: 'answer' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('decide' as const), decision: fc.constantFrom('run' as const, 'discard' as const) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('watch' as const), run: nat(9), again: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart session' as const),
      session: nat(2),
      op: fc.constantFrom('restart' as const, 'reset' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('sleep' as const), device: nat(2), announced: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wake' as const), device: nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('network' as const),
      device: nat(2),
      state: fc.constantFrom('holds' as const, 'loses' as const, 'up' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), device: nat(2), silent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('quit' as const), device: nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('boot' as const), device: nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill runtimes' as const), device: nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('allow runs' as const), device: nat(1), allow: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('kill server' as const), server: nat(1), silent: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop server' as const), server: nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start servers' as const), count: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bus' as const), server: nat(1), cut: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('flag' as const),
      flag: fc.constantFrom('ENABLE_DEVICE_AGENT', 'ENABLE_REMOTE_EXEC_ROUTING', 'ENABLE_CLOUD_FALLBACK'),
      on: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fallback' as const), of: fc.constantFrom('person', 'project'), on: fc.boolean() }) },
);

/** A while in ms; an hour or more is a night: everyone sleeps meanwhile. */
const whiles = (longest: number) =>
  fc.constantFrom(
    ...[0, 0, 5, 60, 400, 1_500, 3_000, 6_000, 12_000, 40_000, 90_000].filter((ms) => ms <= longest),
    ...(longest > 90_000 ? [longest] : []),
    ...[61 * 60_000, 5 * 3_600_000],
  );

/** What happens in a day, and how long it takes until the next thing happens. */
export const daySteps = (options: { steps: number; longest: number; nights: number }): fc.Arbitrary<DayStep[]> =>
  fc.array(
    fc.record({
      act,
      pass: fc.oneof(
        { weight: 100 - options.nights, arbitrary: whiles(options.longest).filter((ms) => ms < 3_600_000) },
        { weight: options.nights, arbitrary: whiles(options.longest).filter((ms) => ms >= 3_600_000) },
      ),
    }),
    { minLength: Math.floor(options.steps / 3), maxLength: options.steps, size: 'max' },
  );
