import type { MrpAsset } from '@markco/core/mrp/result';
import type { MrpStreamEvent } from '@markco/core/mrp/stream-event';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { Journal } from '../journal/journal.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { AssetKeeper } from './asset-keeper.ts';
import { displayEvents, withName } from './display-events.ts';
import { OutputBatcher } from './output-batcher.ts';

/** A question the running code asks; answered by {@link RunRecorder.answered} or gone with the run. */
export interface PendingInput {
  /** What the answer must name: another one for each question, so that a late answer cannot reach the next. */
  questionId: string;
  /** What the runtime calls the execution. */
  execId: string;
  password: boolean;
}

const MAX_TEXT = 16 * 1024;
const LEFT_OUT: RunEventBody = { kind: 'warning', text: 'A file this run made was left out: one run may make 50 MB of images and files.' };

/** Turns what the runtime says into numbered events in the journal (RU16). One a run. */
export class RunRecorder {
  /** What the code failed with, once it did. */
  error: { name: string; message: string } | null = null;
  pending: PendingInput | null = null;
  #questions = 0;
  readonly #runId: string;
  readonly #journal: Journal;
  readonly #keeper: AssetKeeper;
  readonly #runtime: Runtime;
  readonly #batcher: OutputBatcher;

  constructor(options: { runId: string; journal: Journal; keeper: AssetKeeper; runtime: Runtime }) {
    this.#runId = options.runId;
    this.#journal = options.journal;
    this.#keeper = options.keeper;
    this.#runtime = options.runtime;
    this.#batcher = new OutputBatcher((stream, text) => this.#write({ kind: stream, text }));
  }

  /** A returned promise settles when the runtime may go on (RU18). */
  take(event: MrpStreamEvent): void | Promise<void> {
    if (event.event === 'stdout' || event.event === 'stderr') {
      this.#batcher.push(event.event, event.content);
      return this.#journal.room(this.#runId);
    }
    this.#batcher.flush();
    return this.#takeOther(event);
  }

  /** RU14: the open question has its answer; `shown` is absent for secrets. */
  answered(by: string | undefined, shown: string | undefined): void {
    this.pending = null;
    this.#batcher.flush();
    this.#write({ kind: 'stdin_answered', ...(by && { by }), ...(shown !== undefined && { shown: shown.slice(0, MAX_TEXT) }) });
  }

  note(text: string, about: { stopUnreached?: true } = {}): void {
    this.#batcher.flush();
    this.#write({ kind: 'note', text, ...about });
  }

  /** Passes on what still waits; nothing is pending any more. */
  finish(): void {
    this.pending = null;
    this.#batcher.flush();
  }

  async #takeOther(event: Exclude<MrpStreamEvent, { event: 'stdout' | 'stderr' }>): Promise<void> {
    switch (event.event) {
      case 'start':
      case 'done':
        return;
      case 'stdin_request': {
        const { prompt, password, execId = this.#runId } = event;
        const questionId = `${this.#runId}:${++this.#questions}`;
        this.pending = { questionId, execId, password };
        return this.#write({ kind: 'stdin_request', prompt: prompt.slice(0, MAX_TEXT), password, execId: questionId });
      }
      case 'display':
        for (const body of await displayEvents(event.data, event.metadata, this.#keeper)) this.#write(body);
        return this.#journal.room(this.#runId);
      case 'asset':
        return this.#fetchAsset(event.asset);
      case 'warning':
        return this.#write({ kind: 'warning', text: event.message.slice(0, MAX_TEXT) });
      case 'result': {
        const { executionCount } = event.result;
        return this.#write({ kind: 'result', ...(typeof executionCount === 'number' && { executionCount }) });
      }
      case 'error': {
        this.error = { name: event.error.type, message: event.error.message };
        const { type, message, traceback } = event.error;
        return this.#write({ kind: 'error', name: type.slice(0, 500), message: message.slice(0, MAX_TEXT), traceback: shorten(traceback) });
      }
    }
  }

  async #fetchAsset({ id, mimeType, displayId, update, more }: MrpAsset): Promise<void> {
    try {
      const { bytes, mimeType: sent } = await this.#runtime.asset(id);
      const body = await this.#keeper.keep(Buffer.from(bytes), mimeType || sent);
      const named = { id: (displayId ?? '').slice(0, 200), update: update === true, more: more === true };
      for (const part of body && named.id ? withName([body], named) : [body ?? LEFT_OUT]) this.#write(part);
    } catch {
      this.#write({ kind: 'warning', text: 'A file this run made could not be fetched from the runtime.' });
    }
  }

  /** The journal forgets a run the server no longer wants; what it still says is then nobody's. */
  #write(body: RunEventBody): void {
    if (this.#journal.get(this.#runId)) this.#journal.append(this.#runId, body);
  }
}

/** The first and last frames of an endless traceback, each line of bearable length. */
function shorten(traceback: string[]): string[] {
  const lines =
    traceback.length > 60 ? [...traceback.slice(0, 20), `… ${traceback.length - 50} lines hidden …`, ...traceback.slice(-30)] : traceback;
  return lines.map((line) => (line.length > 2_000 ? `${line.slice(0, 2_000)}…` : line));
}
