import type { RunState } from './run.ts';

const TERMINAL: ReadonlySet<RunState> = new Set(['completed', 'failed', 'cancelled', 'interrupted', 'expired']);

/** True where nothing about the run's outcome changes any more (RU1). Apart from the schemas, so that a browser does not load zod for it. */
export const isTerminal = (state: RunState): boolean => TERMINAL.has(state);
