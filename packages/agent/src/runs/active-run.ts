import type { OfferedRun } from '@markco/core/device/agent-message';
import { reason } from '../log.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { RunRecorder } from './run-recorder.ts';

/** A granted run in this process: how to reach it while it runs. */
export class ActiveRun {
  readonly offer: OfferedRun;
  /** RU12: the person asked for an end. */
  cancelled = false;
  /** RU12: the runtime was killed for it. */
  forced = false;
  /** The agent ends, and its runtimes with it. */
  stopping = false;
  /** `performance.now()` when the runtime took the code. */
  startedAt: number | null = null;
  /** Settles when the run has ended. */
  readonly done: Promise<void>;
  #runtime: Runtime | null = null;
  #recorder: RunRecorder | null = null;
  #resolve!: () => void;

  constructor(offer: OfferedRun) {
    this.offer = offer;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get runId(): string {
    return this.offer.runId;
  }

  /** The runtime is about to be asked, or asked again. */
  calling(runtime: Runtime): void {
    this.#runtime = runtime;
  }

  /** The runtime took the code. */
  begin(runtime: Runtime, recorder: RunRecorder): void {
    this.#runtime = runtime;
    this.#recorder = recorder;
    this.startedAt = performance.now();
    // Cancelled in the moment between: the interrupt found nothing running then.
    if (this.cancelled) void this.#interrupt().catch(() => undefined);
  }

  /** RU12: interrupts what runs; before that, the run never starts. With `force`, where the runtime ends anyway, nobody is told of a failure. */
  async cancel(force = false): Promise<void> {
    this.cancelled = true;
    if (this.startedAt === null) return;
    if (force) await this.#runtime?.interrupt();
    else await this.#interrupt();
  }

  /** RU12: a Stop that did not reach the code is said in the run, where the person waits for it. */
  async #interrupt(): Promise<void> {
    const runtime = this.#runtime;
    try {
      if (!runtime || (await runtime.interrupt())) return;
      // Nothing runs there, it says: then this run is about to end.
      if ((await runtime.health()).state === 'idle') return;
      this.#tellUnreached(runtime, 'the runtime refused it');
    } catch (error) {
      if (runtime) this.#tellUnreached(runtime, reason(error));
      throw error;
    }
  }

  #tellUnreached(runtime: Runtime, why: string): void {
    const way =
      runtime.kind === 'registered'
        ? 'Force stop lets go of it; the runtime was started elsewhere and can only be ended there.'
        : 'Force stop ends its runtime, and the variables of the session with it.';
    // Asked in vain: how the code ends now is its own doing.
    this.cancelled = false;
    const text = `Stop did not reach the code: ${why.replace(/[\s.]+$/, '')}. It may still be running. ${way}`;
    this.#recorder?.note(text, { stopUnreached: true });
  }

  /** RU14: true when this answer was the first to the question that is open. */
  async answer(input: {
    execId: string;
    text: string;
    secret: boolean;
    end?: boolean | undefined;
    by?: string | undefined;
  }): Promise<boolean> {
    const pending = this.#recorder?.pending;
    if (!pending || pending.questionId !== input.execId || !this.#runtime || !this.#recorder) return false;
    // Written before the runtime goes on: its next question must come after this answer, and a second answer find none.
    this.#recorder.answered(input.by, input.end || input.secret || pending.password ? undefined : input.text);
    if (input.end) return this.#runtime.cancelInput(pending.execId);
    return this.#runtime.input(pending.execId, input.text);
  }

  finish(): void {
    this.#runtime = null;
    this.#recorder = null;
    this.#resolve();
  }
}
