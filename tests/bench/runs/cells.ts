import { quick } from './quick.ts';

/** The cells of the notebook, by their place in it. */
export const PRINT = { index: 0, code: 'print(1)', printed: '1\n' } as const;

const linesCell = (lines: number) => `for i in range(${lines}):\n    print(i)`;

/** Cells that print short lines. */
export const FLOODS = [20_000, 200_000].map((lines, i) => ({ index: i + 1, lines, code: linesCell(lines) }));

/** Lines of 100 bytes, 200 MB in all. */
const LINE_BYTES = 100;
const LINES = (quick ? 20_000_000 : 200_000_000) / LINE_BYTES;
export const LARGE = {
  index: FLOODS.length + 1,
  megabytes: (LINES * LINE_BYTES) / 1_000_000,
  bytes: LINES * LINE_BYTES,
  /** Ends every line, so that the last one can be told. */
  last: `line ${LINES - 1}`,
  code: `for i in range(${LINES}):\n    print(f"line {i}".rjust(${LINE_BYTES - 1}))`,
} as const;

export const CELLS: readonly string[] = [PRINT.code, ...FLOODS.map(({ code }) => code), LARGE.code];
