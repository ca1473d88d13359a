import type { CellPlan } from './day-book.ts';
import type { LinkState } from './sim-network.ts';

/** What can happen in a simulated day. Numbers choose among what there is at that moment. */
export type DayAct =
  | { do: 'tap'; plans: Omit<CellPlan, 'tag'>[]; session: number; target: string }
  | { do: 'tap again'; run: number }
  | { do: 'cancel'; run: number; force: boolean }
  | { do: 'answer' }
  | { do: 'decide'; decision: 'run' | 'discard' }
  | { do: 'watch'; run: number; again: boolean }
  | { do: 'restart session'; session: number; op: 'restart' | 'reset' }
  | { do: 'sleep'; device: number; announced: boolean }
  | { do: 'wake'; device: number }
  | { do: 'network'; device: number; state: LinkState }
  | { do: 'crash'; device: number; silent: boolean }
  | { do: 'quit'; device: number }
  | { do: 'boot'; device: number }
  | { do: 'kill runtimes'; device: number }
  | { do: 'allow runs'; device: number; allow: boolean }
  | { do: 'kill server'; server: number; silent: boolean }
  | { do: 'stop server'; server: number }
  | { do: 'start servers'; count: number }
  | { do: 'bus'; server: number; cut: boolean }
  | { do: 'flag'; flag: string; on: boolean }
  | { do: 'fallback'; of: string; on: boolean };

/** One thing, and how much time passes until the next, in ms. From an hour on it is a night. */
export interface DayStep {
  readonly act: DayAct;
  readonly pass: number;
}
