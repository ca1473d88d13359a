import { appendFileSync, writeSync } from 'node:fs';
import { it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

/** `npm run chaos` runs the whole sizes, the tests a share that a busy machine has time for. */
export const WHOLE = process.env.CHAOS_WHOLE === '1';
const SEED = process.env.CHAOS_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const WHOLE_TIMEOUT_MS = 3_600_000;

/** What a scenario is given. */
export interface Scenario {
  readonly random: SeededRandom;
  /** The size for this run. */
  size(share: number, whole: number): number;
  /** One line of progress, shown by `npm run chaos`. */
  progress(line: string): void;
  /** A number for the summary of `npm run chaos`. */
  count(what: string, value: number): void;
  /** What else to say when it fails, such as the log of a process. */
  explain(say: () => string): void;
}

/** A chaos test: seeded, sized, and with its seed named when it fails (`CHAOS_SEED=… npm run chaos` repeats its decisions). */
export function scenario(name: string, body: (scenario: Scenario) => Promise<void>): void {
  it(name, { timeout: WHOLE ? WHOLE_TIMEOUT_MS : 480_000 }, async () => {
    const counts: Record<string, number> = {};
    const explanations: (() => string)[] = [];
    const started = performance.now();
    const progress = (line: string): void => {
      if (WHOLE) writeSync(2, `    ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
    };
    let problem: unknown;
    progress(name);
    try {
      await body({
        random: new SeededRandom(`${SEED} ${name}`),
        size: (share, whole) => (WHOLE ? whole : share),
        progress,
        count: (what, value) => {
          counts[what] = value;
        },
        explain: (say) => explanations.push(say),
      });
    } catch (error) {
      problem = error;
      if (error instanceof Error) error.message += ['', `CHAOS_SEED=${SEED}`, ...explanations.map((say) => say())].join('\n');
    }
    report({ name, ok: problem === undefined, seconds: (performance.now() - started) / 1000, counts });
    if (problem !== undefined) throw problem;
  });
}

/** A scenario that takes minutes whatever its size: `npm run chaos` has it, the tests do not. */
export const wholeScenario: typeof scenario = WHOLE ? scenario : () => {};

function report(result: object): void {
  if (process.env.CHAOS_REPORT) appendFileSync(process.env.CHAOS_REPORT, `${JSON.stringify(result)}\n`);
}
