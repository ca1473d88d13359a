import type { RunState } from './run.ts';

/** A question the running code asks (RU14). */
export interface AwaitedInput {
  prompt: string;
  password: boolean;
  execId: string;
  /** ISO. Somebody answered; the answer is on its way until the agent says that the runtime has it. */
  answeredAt?: string;
}

/** The part of a run that `transition` decides about (RU1); every field is a column of `runs`. */
export interface RunCore {
  readonly state: RunState;
  /** Counts offers; 0 before the first. After the grant it never changes again. */
  readonly attempt: number;
  /** The device that holds the current offer or grant; null while queued for nobody in particular. */
  readonly deviceId: string | null;
  readonly awaitingInput: AwaitedInput | null;
  readonly cancelRequestedAt: Date | null;
  readonly forceRequestedAt: Date | null;
  /** The last Stop was asked for in vain; it is not open any more. */
  readonly stopUnreachedAt: Date | null;
  readonly contactLostSince: Date | null;
  readonly heldSince: Date | null;
  readonly exitReason: string | null;
  readonly offeredAt: Date | null;
  readonly grantedAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

/** A run as it is created. */
export const newRunCore: RunCore = {
  state: 'queued',
  attempt: 0,
  deviceId: null,
  awaitingInput: null,
  cancelRequestedAt: null,
  forceRequestedAt: null,
  stopUnreachedAt: null,
  contactLostSince: null,
  heldSince: null,
  exitReason: null,
  offeredAt: null,
  grantedAt: null,
  startedAt: null,
  endedAt: null,
};
