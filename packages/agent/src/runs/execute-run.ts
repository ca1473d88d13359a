import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@markco/core/errors';
import { STREAM_LOST } from '@markco/core/mrp/stream-event';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { Log } from '@markco/sync/log';
import type { Journal } from '../journal/journal.ts';
import { reason } from '../log.ts';
import { type Runtime, RuntimeBusyError, RuntimeDiedError } from '../runtimes/runtime.ts';
import type { ActiveRun } from './active-run.ts';
import { AssetKeeper } from './asset-keeper.ts';
import { RunRecorder } from './run-recorder.ts';
import type { ReadyRuntime } from './runtime-pool.ts';

type Ended = Extract<RunEventBody, { kind: 'ended' }>;
type Outcome = Omit<Ended, 'kind' | 'durationMs'>;

export interface ExecuteContext {
  journal: Journal;
  log: Log;
  /** RU15: why the files may be older than what the person saw, or null. */
  waitForFiles: () => Promise<string | null>;
  /** How long to wait between looks at a busy runtime, in milliseconds. */
  busyPollMs?: number;
}

/** Executes a granted run once and ends it in the journal, whatever happens. Never rejects. */
export async function executeRun(active: ActiveRun, ready: Promise<ReadyRuntime>, context: ExecuteContext): Promise<void> {
  const { journal, log } = context;
  const began = performance.now();
  let outcome: Outcome;
  try {
    outcome = await runOnce(active, ready, context);
  } catch (error) {
    log.error({ run_id: active.runId, reason: reason(error) }, 'a run failed in the agent');
    outcome = {
      outcome: 'failed',
      reason: 'agent_error',
      message: 'The agent on this computer failed while the cell ran. Look into its log.',
    };
  }
  active.finish();
  if (!journal.get(active.runId)) return;
  const durationMs = Math.round(performance.now() - (active.startedAt ?? began));
  journal.append(active.runId, { kind: 'ended', durationMs, ...outcome });
  log.info({ run_id: active.runId, outcome: outcome.outcome, reason: outcome.reason, duration_ms: durationMs }, 'run ended');
  await journal.sync(active.runId).catch((error: unknown) => log.warn({ reason: reason(error) }, 'the journal could not be synced'));
}

const CANCELLED: Outcome = { outcome: 'cancelled', reason: 'cancelled_by_user' };
const AGENT_STOPPED: Outcome = {
  outcome: 'interrupted',
  reason: 'agent_stopped',
  message: 'The agent on this computer was stopped while this ran; the variables of this session are gone.',
};

async function runOnce(active: ActiveRun, readying: Promise<ReadyRuntime>, context: ExecuteContext): Promise<Outcome> {
  if (active.cancelled) return CANCELLED;
  if (active.stopping) return AGENT_STOPPED;
  const [stale, ready] = await Promise.all([context.waitForFiles(), settle(readying)]);
  if (active.cancelled) return CANCELLED;
  if ('error' in ready) return active.stopping ? AGENT_STOPPED : notStarted(ready.error);
  const { runtime, takeFresh, assetFolder, replaces } = ready.value;
  const keeper = new AssetKeeper({ runId: active.runId, journal: context.journal, folder: assetFolder, log: context.log });
  const recorder = new RunRecorder({ runId: active.runId, journal: context.journal, keeper, runtime });
  if (stale) recorder.note(stale);
  const start = (): void => {
    active.begin(runtime, recorder);
    const { label, pid, cwd } = runtime;
    const place = { ...(pid && { pid }), ...(cwd && { cwd }), ...(replaces && { replaces }) };
    context.journal.append(active.runId, { kind: 'started', runtime: label, ...place, fresh: takeFresh() });
  };
  const failure = await executeWhenIdle(active, runtime, recorder, start, context);
  recorder.finish();
  return failure === CANCELLED || failure === AGENT_STOPPED ? (failure as Outcome) : describe(active, runtime, recorder, failure);
}

/** RU13: a runtime that is busy with something else is waited for; the code has not been taken, so trying again is safe. */
async function executeWhenIdle(
  active: ActiveRun,
  runtime: Runtime,
  recorder: RunRecorder,
  start: () => void,
  context: ExecuteContext,
): Promise<unknown> {
  let started = false;
  let told = false;
  const onEvent: Parameters<Runtime['execute']>[1] = (event) => {
    if (!started) start();
    started = true;
    return recorder.take(event);
  };
  for (;;) {
    try {
      active.calling(runtime);
      await runtime.execute({ execId: active.runId, code: active.offer.request.code, storeHistory: true, allowStdin: true }, onEvent);
      if (!started) start();
      return null;
    } catch (error) {
      if (!(error instanceof RuntimeBusyError) || started) {
        if (!started) start();
        return error;
      }
      if (!told) recorder.note('Waiting: this runtime is busy with something that was started elsewhere.');
      told = true;
      await sleep(context.busyPollMs ?? 500);
      if (active.cancelled || active.stopping) return active.stopping ? AGENT_STOPPED : CANCELLED;
    }
  }
}

const FORCED = 'Stopped by force; the variables of this session are gone.';
/** What is true of a runtime that somebody else started: we can end our part only. */
const LET_GO = 'The runtime was started elsewhere and may still run this code; only there can it be ended.';

function describe(active: ActiveRun, runtime: Runtime, recorder: RunRecorder, failure: unknown): Outcome {
  const letGo = runtime.kind === 'registered';
  if (active.forced) return { outcome: 'interrupted', reason: 'force_stopped', message: letGo ? `Let go of by force. ${LET_GO}` : FORCED };
  if (active.stopping && failure)
    return letGo ? { ...AGENT_STOPPED, message: `The agent on this computer was stopped while this ran. ${LET_GO}` } : AGENT_STOPPED;
  if (failure instanceof RuntimeDiedError) return { outcome: 'failed', reason: 'runtime_died', message: failure.exit.message };
  if (failure) return { outcome: 'failed', reason: 'runtime_error', message: reason(failure) };
  if (!recorder.error) return { outcome: 'completed' };
  if (active.cancelled || recorder.error.name === 'KeyboardInterrupt') return { outcome: 'interrupted', reason: 'interrupted_by_user' };
  if (recorder.error.name === STREAM_LOST) return { outcome: 'failed', reason: 'stream_lost', message: recorder.error.message };
  return { outcome: 'failed', reason: 'error' };
}

function notStarted(error: unknown): Outcome {
  const message = error instanceof AppError ? error.userMessage : `The runtime could not be started: ${reason(error)}`;
  return { outcome: 'failed', reason: 'runtime_start_failed', message };
}

async function settle<T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}
