import { type Cell, parseCells } from '@markco/core/document/cells';
import type { RequestedTarget, RunView } from '@markco/core/run/run';
import type { OpenDocument, WorkspaceHost } from '../host.tsx';
import { createLive } from '../live.ts';
import { completeDrafts, decodeAnchor, draftRuns, type RunDraft } from './build-run.ts';
import { predictTarget, type TargetGuess } from './predict-target.ts';
import { RunFeeds } from './run-feeds.ts';
import { runnableLanguages } from './runnable-languages.ts';

/** A run that was tapped and that the server has not shown yet. */
export type PendingRun = {
  id: string;
  draft: RunDraft;
  state: 'sending' | 'kept' | 'failed';
  message: string;
};

const KEPT_TEXT = 'Will run when connected';

/** Starting, stopping and answering the runs of one open document. Holds no view: cells come from the document's text at the tap. */
export class RunController {
  readonly feeds: RunFeeds;
  readonly pending = createLive<readonly PendingRun[]>([]);
  readonly chosen = createLive<RequestedTarget | null>(null);
  /** The last problem that belongs to no cell, in words for the person. */
  readonly problem = createLive<string | null>(null);
  readonly #host: WorkspaceHost;
  readonly #open: OpenDocument;
  readonly #anchors = new Map<string, string>();

  constructor(host: WorkspaceHost, open: OpenDocument) {
    this.#host = host;
    this.#open = open;
    this.feeds = new RunFeeds(host);
  }

  /** Lets go of tapped runs as the server shows them, until the returned function is called. */
  follow(): () => void {
    this.#forgetArrived();
    return this.#host.runsOf(this.#open.id).subscribe(() => this.#forgetArrived());
  }

  /** Runs cells by their place in the document as it is now; several become one batch in order (RU4). Answers at once (WB6). */
  run(indexes: readonly number[], target: RequestedTarget | null = this.chosen.get()): void {
    const { doc } = this.#open;
    const text = doc.getText('content').toString();
    const cells = parseCells(text);
    const languages = runnableLanguages(this.#host.devices.get());
    const wanted = indexes.flatMap((index) => cells[index] ?? []).filter((cell) => isRunnable(cell) && languages.has(cell.language));
    if (wanted.length === 0) return;
    const drafts = draftRuns(
      {
        doc,
        projectId: this.#host.project.get().id,
        documentId: this.#open.id,
        epoch: this.#open.epoch(),
        target,
        newId: () => this.#host.newId(),
      },
      text,
      wanted,
    );
    void this.#send(drafts, target);
  }

  /** Every cell above `index`; with `including`, that one too. */
  runAbove(index: number, including = false, target: RequestedTarget | null = this.chosen.get()): void {
    this.run(range(including ? index + 1 : index), target);
  }

  /** Every cell of the document, as one batch (RU4). */
  runAll(): void {
    this.run(range(parseCells(this.#open.doc.getText('content').toString()).length));
  }

  /** Offsets of the anchors of runs that this device made. */
  anchorOffsets(): ReadonlyMap<string, number> {
    const offsets = new Map<string, number>();
    for (const [id, anchor] of this.#anchors) {
      const offset = decodeAnchor(this.#open.doc, anchor);
      if (offset !== null) offsets.set(id, offset);
    }
    return offsets;
  }

  /** Where the next run of this language will most likely go (WB6). */
  guess(language = 'python'): TargetGuess {
    const { me, project, devices, online } = this.#host;
    return predictTarget({
      me: me.get(),
      project: project.get(),
      devices: devices.get(),
      runs: this.#host.runsOf(this.#open.id).get(),
      chosen: this.chosen.get(),
      language,
      online: online.get(),
      now: Date.now(),
    });
  }

  /** RU12. */
  cancel(run: Pick<RunView, 'id'>, force = false): void {
    this.#tell(this.#host.cancelRun(run.id, force));
  }

  /** RU14: rejects with words for the person. */
  answer(run: Pick<RunView, 'id'>, execId: string, text: string): Promise<void> {
    return this.#host.sendInput(run.id, execId, text);
  }

  /** RU8. */
  decideWaiting(runs: readonly Pick<RunView, 'id'>[], decision: 'run' | 'discard'): void {
    this.#tell(
      this.#host.decideWaiting(
        runs.map((run) => run.id),
        decision,
      ),
    );
  }

  /**
   * RU8: runs that wait go to the cloud instead, as their cells read now: only those that had not begun elsewhere, so that nothing runs twice.
   * `waiting`: ids with the places of their cells, in order.
   */
  async insteadInCloud(waiting: readonly { id: string; cell: number }[]): Promise<void> {
    try {
      const ids = waiting.map((run) => run.id);
      const taken = new Set(await this.#host.decideWaiting(ids, 'discard'));
      const cells = waiting.filter((run) => taken.has(run.id)).map((run) => run.cell);
      if (cells.length === 0) this.problem.set('It has begun on its computer in the meantime, so nothing was started in the cloud.');
      else this.run(cells, { kind: 'cloud' });
    } catch (error) {
      this.problem.set(wordsOf(error));
    }
  }

  /** Restarts or empties the runtime session of this document; says so in `problem` where it fails. */
  session(op: 'restart' | 'reset', language: string, sessionName: string): Promise<void> {
    return this.#host.sessionOp({ language, sessionName, op });
  }

  /** Sends a run that was refused once more, as it was. */
  retry(pending: PendingRun): void {
    this.dismiss(pending.id);
    void this.#send([{ ...pending.draft, runId: this.#host.newId() }], pending.draft.target ?? null);
  }

  dismiss(runId: string): void {
    this.pending.set(this.pending.get().filter((run) => run.id !== runId));
  }

  close(): void {
    this.feeds.close();
  }

  async #send(drafts: readonly RunDraft[], target: RequestedTarget | null): Promise<void> {
    const message = this.#sendingText(drafts[0]?.language ?? 'python', target);
    for (const draft of drafts) if (draft.anchor) this.#anchors.set(draft.runId, draft.anchor);
    this.pending.set([
      ...drafts.map((draft) => ({ id: draft.runId, draft, state: 'sending' as const, message })).reverse(),
      ...this.pending.get(),
    ]);
    try {
      await this.#host.configReady?.();
      const config = this.#host.projectConfig?.get() ?? null;
      const outcome = await this.#host.startRuns(await completeDrafts(drafts, (text) => this.#host.sha256(text), config));
      if (outcome === 'kept') this.#mark(drafts, 'kept', KEPT_TEXT);
    } catch (error) {
      this.#mark(drafts, 'failed', wordsOf(error));
    }
    this.#forgetArrived();
  }

  #sendingText(language: string, target: RequestedTarget | null): string {
    const device = target?.kind === 'device' ? this.#host.devices.get().find((each) => each.id === target.deviceId)?.name : undefined;
    const label = device ?? (target?.kind === 'cloud' ? 'Cloud' : this.guess(language).label);
    return `Sending to ${label}…`;
  }

  #mark(drafts: readonly RunDraft[], state: PendingRun['state'], message: string): void {
    const ids = new Set(drafts.map((draft) => draft.runId));
    this.pending.set(this.pending.get().map((run) => (ids.has(run.id) ? { ...run, state, message } : run)));
  }

  #forgetArrived(): void {
    const known = new Set(
      this.#host
        .runsOf(this.#open.id)
        .get()
        .map((run) => run.id),
    );
    const left = this.pending.get().filter((run) => !known.has(run.id));
    if (left.length !== this.pending.get().length) this.pending.set(left);
  }

  #tell(work: Promise<unknown>): void {
    this.problem.set(null);
    work.catch((error: unknown) => this.problem.set(wordsOf(error)));
  }
}

/** Cells that are asked not to run (Quarto's `eval: false`) and diagrams are only read. */
const isRunnable = (cell: Cell): boolean => cell.code.trim() !== '' && cell.options.eval !== 'false';
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** An error in words for the person. */
export function wordsOf(error: unknown): string {
  const own = (error as { userMessage?: unknown } | null)?.userMessage;
  if (typeof own === 'string') return own;
  return error instanceof Error && error.message ? error.message : 'That did not work. Try again.';
}
