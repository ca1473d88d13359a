import type { MrpAsset, MrpDisplay, MrpError, MrpResult } from './result.ts';

/**
 * What an execution says, after {@link file://./normalise-stream.ts} made other runtimes' dialects one. A value the cell
 * ends with always comes as a `display`; `result` closes the run and needs no drawing. `result` or `error` comes once,
 * `done` last.
 */
export type MrpStreamEvent =
  | { event: 'start'; execId?: string; timestamp?: number }
  | { event: 'stdout'; content: string }
  | { event: 'stderr'; content: string }
  | { event: 'stdin_request'; prompt: string; password: boolean; execId?: string }
  | { event: 'display'; data: MrpDisplay['data']; metadata: MrpDisplay['metadata'] }
  | { event: 'asset'; asset: MrpAsset }
  | { event: 'warning'; message: string }
  | { event: 'result'; result: MrpResult }
  | { event: 'error'; error: MrpError; executionCount?: number; duration?: number }
  | { event: 'done' };

/** `error.type` of a stream that stopped without saying how the execution ended: the code may still be running. */
export const STREAM_LOST = 'StreamLost';
