import { createHash } from 'node:crypto';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunRequest, RunView } from '@markco/core/run/run';
import type { RunEvent, RunWatchItem } from '@markco/core/run/run-event';
import type { Log } from '@markco/sync/log';
import type { Relay } from '@markco/sync/relay/relay';
import type { LocalRuns } from '../runs/local-runs.ts';
import { OutputCommitter } from './commit-output.ts';
import { KeptAssets } from './kept-assets.ts';
import { type RunAbout, RunBook } from './run-book.ts';

/** Whose runtimes they are, as the agent names sessions: the phone's runs then share their variables. */
export interface SessionOwner {
  userId: string;
  projectId: string;
}

export interface LocalRunnerOptions {
  runs: LocalRuns;
  rooms: Pick<Relay, 'open'>;
  owner: () => SessionOwner;
  log: Log;
  onItem: (runId: string, item: RunWatchItem) => void;
}

/** EL3: runs cells on this computer without a hop: in order a session, a batch until its first failure (RU4), output into the document. */
export class LocalRunner {
  readonly book: RunBook;
  readonly assets = new KeptAssets();
  readonly #o: LocalRunnerOptions;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: LocalRunnerOptions) {
    this.#o = options;
    this.book = new RunBook(options.onItem);
  }

  /** RU2, RU4: takes all of them or none; they run in the order given. */
  start(requests: readonly RunRequest[], about: RunAbout): RunView[] {
    for (const request of requests) checkCode(request);
    for (const request of requests) {
      if (!this.book.add(request, about)) continue;
      const key = `${canonicalLanguage(request.language)}/${request.sessionName}`;
      const turn = (this.#turns.get(key) ?? Promise.resolve()).then(() => this.#execute(request, about));
      this.#turns.set(key, turn);
      void turn.finally(() => this.#turns.get(key) === turn && this.#turns.delete(key));
    }
    return requests.map(({ runId }) => this.book.view(runId));
  }

  /** RU12: at once where it waits; else the runtime is asked, or ended by force. */
  async cancel(runId: string, force: boolean): Promise<RunView> {
    if (this.book.apply(runId, { type: 'cancelRequested', at: new Date(), force })) {
      if (isTerminal(this.book.view(runId).state)) this.#endBatch(runId);
      else await this.#o.runs.cancel(runId, force);
    }
    return this.book.view(runId);
  }

  /** RU14: rejects with `conflict` where the question was answered or is gone. */
  async answer(runId: string, execId: string, text: string): Promise<void> {
    const question = this.book.view(runId).awaitingInput;
    const taken = await this.#o.runs.answer(runId, { execId, text, secret: question?.password ?? false });
    if (!taken) throw new AppError('conflict', 'This question was answered already, or the run has ended.');
  }

  async #execute(request: RunRequest, about: RunAbout): Promise<void> {
    const { runId, documentId, language, code, sessionName } = request;
    const { book } = this;
    const at = new Date();
    // Cancelled while it waited.
    if (!book.apply(runId, { type: 'offer', at, attempt: 1, deviceId: about.deviceId })) return;
    book.apply(runId, { type: 'grant', at, attempt: 1, deviceId: about.deviceId });
    const source = {
      view: () => book.view(runId),
      anchor: request.anchor ?? null,
      bodies: () => book.eventsAfter(runId, 0).map(({ body }) => body),
    };
    const committer = new OutputCommitter(this.#o.rooms, source, this.#o.log);
    const { done } = this.#o.runs.start(
      { runId, ...this.#o.owner(), documentId, docPath: about.docPath, language, code, sessionName },
      (event) => this.#take(runId, event, committer),
    );
    await done;
    // The agent's process ends, or its journal is gone: never left as running.
    book.apply(runId, { type: 'interrupted', at: new Date(), reason: 'runtime_died' });
    if (book.view(runId).state !== 'completed') this.#endBatch(runId);
    await committer.finish();
  }

  #take(runId: string, event: RunEvent, committer: OutputCommitter): void {
    const { body } = event;
    // The journal drops the bytes once the event is delivered.
    if (body.kind === 'asset') this.assets.keep(body.assetId, this.#o.runs.asset(runId, body.assetId));
    this.book.record(runId, event);
    committer.changed();
  }

  /** RU4: an error ends the rest. */
  #endBatch(runId: string): void {
    const { batchId, documentId } = this.book.requestOf(runId);
    if (!batchId) return;
    for (const run of this.book.ofDocument(documentId)) {
      if (run.batchId === batchId && !isTerminal(run.state)) this.book.apply(run.id, { type: 'upstreamFailed', at: new Date() });
    }
  }
}

function checkCode({ code, codeHash }: RunRequest): void {
  if (createHash('sha256').update(code, 'utf8').digest('hex') === codeHash) return;
  throw new AppError('bad_request', 'The code arrived damaged: its hash does not fit. Run it again.');
}
