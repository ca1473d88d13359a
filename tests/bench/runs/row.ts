import type { StartFleet } from './fleet/fleet.ts';
import type { Jupyter } from './jupyter/jupyter.ts';
import type { World } from './world.ts';

/** One line of the table. */
export interface Line {
  readonly what: string;
  /** MarkCo's figure as the table shows it. */
  readonly ours: string;
  readonly goal?: Goal;
  /** The same by a direct MRP call. */
  readonly directly?: string;
  readonly jupyter?: string;
}

export interface Goal {
  readonly words: string;
  readonly met: boolean;
}

/** What a row found out. `readings`: what the lines were made of, for the JSON; `remarks`: worth a line below the table. */
export interface Findings {
  readonly lines: readonly Line[];
  readonly readings: unknown;
  readonly remarks?: readonly string[];
}

/** What every row is told. */
export interface RunsBench {
  readonly quick: boolean;
  /** Where one is installed, else how to install it. */
  readonly jupyter: Jupyter;
}

interface AnyRow {
  readonly number: number;
  readonly title: string;
}

/** A row about one person's computer: a whole installation with a real agent and Python. */
export interface WorldRow extends AnyRow {
  inWorld(world: World, bench: RunsBench): Promise<Findings>;
}

/** A row about many computers: a web process and a relay on a Postgres of their own, and devices that only speak the protocol. */
export interface FleetRow extends AnyRow {
  withFleet(start: StartFleet, bench: RunsBench): Promise<Findings>;
}

export type RunsRow = WorldRow | FleetRow;

export const atMost = (value: number, limit: number, unit = ''): Goal => ({ words: `≤ ${limit}${unit}`, met: value <= limit });
export const atLeast = (value: number, limit: number, unit = ''): Goal => ({ words: `≥ ${limit}${unit}`, met: value >= limit });
