import { FLOODS } from '../cells.ts';
import { atLeast, type WorldRow } from '../row.ts';

const GOAL = 100_000;

/** Lines a second a watcher sees of a cell that prints many; ours are in Postgres before. Every line is checked. */
export const manyLines: WorldRow = {
  number: 2,
  title: 'lines/s seen',
  async inWorld({ client }, { jupyter }) {
    const kernel = jupyter.python ? await jupyter.start() : null;
    try {
      const readings = [];
      for (const { lines, code, index } of FLOODS) {
        const ours = perSecond(lines, await client.run(code, index));
        const theirs = kernel ? perSecond(lines, await kernel.run(code)) : null;
        readings.push({ lines, ours, theirs });
      }
      return {
        lines: readings.map(({ lines, ours, theirs }) => ({
          what: `${lines.toLocaleString('en')} lines of a cell, each persisted first`,
          ours: ours.toFixed(0),
          ...(lines === 200_000 && { goal: atLeast(ours, GOAL) }),
          jupyter: theirs === null ? (jupyter.missing ?? '') : `${theirs.toFixed(0)}, not persisted`,
        })),
        readings,
      };
    } finally {
      await kernel?.stop();
    }
  },
};

function perSecond(lines: number, { stdout, lastOutput }: { stdout: string; lastOutput: number }): number {
  const all = stdout.split('\n');
  if (all.length !== lines + 1 || all[lines - 1] !== String(lines - 1)) throw new Error(`${all.length - 1} of ${lines} lines were seen`);
  return lines / (lastOutput / 1000);
}
