import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunRequest, RunView } from '@markco/core/run/run';
import { newRunCore, type RunCore } from '@markco/core/run/run-core';
import type { RunEvent, RunWatchItem } from '@markco/core/run/run-event';
import { endingMessage } from '@markco/core/run/run-messages';
import { type RunTransitionEvent, transition } from '@markco/core/run/transition';
import { RunLog } from './run-log.ts';

/** What a run is besides its state. */
export interface RunAbout {
  docPath: string;
  projectSlug: string;
  deviceId: string;
  deviceName: string;
}

interface Entry {
  request: RunRequest;
  about: RunAbout;
  core: RunCore;
  log: RunLog;
  freshSession: boolean;
  message: string | null;
  createdAt: Date;
}

/** So many ended runs are remembered; their outputs are in the documents. */
const KEPT_RUNS = 200;

/** The window's own runs, in memory: they live as long as the agent's process (EL3). States go through the one `transition` (RU1). */
export class RunBook {
  readonly #entries = new Map<string, Entry>();
  readonly #onItem: (runId: string, item: RunWatchItem) => void;

  constructor(onItem: (runId: string, item: RunWatchItem) => void) {
    this.#onItem = onItem;
  }

  /** RU2: the same id and code once more is the same run; other code under a known id throws `idempotency_conflict`. True where it is new. */
  add(request: RunRequest, about: RunAbout): boolean {
    const known = this.#entries.get(request.runId);
    if (known) {
      if (known.request.codeHash === request.codeHash && known.request.documentId === request.documentId) return false;
      throw new AppError('idempotency_conflict', 'Another run has this number already. Run the cell again.');
    }
    const fresh = { core: newRunCore, log: new RunLog(), freshSession: false, message: null, createdAt: new Date() };
    this.#entries.set(request.runId, { request, about, ...fresh });
    this.#forgetOld();
    this.#tell(request.runId);
    return true;
  }

  has(runId: string): boolean {
    return this.#entries.has(runId);
  }

  requestOf(runId: string): RunRequest {
    return this.#get(runId).request;
  }

  view(runId: string): RunView {
    return toView(this.#get(runId));
  }

  /** Newest first. */
  ofDocument(documentId: string): RunView[] {
    const entries = [...this.#entries.values()].filter(({ request }) => request.documentId === documentId);
    return entries.map(toView).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  eventsAfter(runId: string, seq: number): RunEvent[] {
    return this.#get(runId).log.after(seq);
  }

  /** RU1. False where the event does not fit any more. */
  apply(
    runId: string,
    event: RunTransitionEvent,
    extra: { message?: string | undefined; freshSession?: boolean | undefined } = {},
  ): boolean {
    const entry = this.#get(runId);
    const result = transition(entry.core, event);
    if (!result.ok) return false;
    entry.core = result.run;
    if (extra.freshSession !== undefined) entry.freshSession = extra.freshSession;
    if (isTerminal(result.run.state)) entry.message = extra.message ?? endingMessage(result.run.state, result.run.exitReason);
    this.#tell(runId);
    return true;
  }

  /** An event of a run that goes on: into its log, to the watchers, and into its state. */
  record(runId: string, event: RunEvent): void {
    const entry = this.#entries.get(runId);
    if (!entry) return;
    entry.log.add(event);
    this.#onItem(runId, { type: 'event', event });
    const at = new Date(event.at);
    const { body } = event;
    const { attempt } = entry.core;
    if (body.kind === 'started') this.apply(runId, { type: 'started', at, attempt }, { freshSession: body.fresh ?? false });
    else if (body.kind === 'stdin_request') {
      const { prompt, password, execId } = body;
      this.apply(runId, { type: 'stdinRequested', at, attempt, input: { prompt, password, execId } });
    } else if (body.kind === 'note' && body.stopUnreached) this.apply(runId, { type: 'stopUnreached', at, attempt });
    else if (body.kind === 'stdin_answered') this.apply(runId, { type: 'stdinAnswered', at });
    else if (body.kind === 'ended') {
      const { outcome, reason, message } = body;
      this.apply(runId, { type: 'ended', at, attempt, outcome, ...(reason && { reason }) }, { message });
    }
  }

  #get(runId: string): Entry {
    const entry = this.#entries.get(runId);
    if (!entry) throw new AppError('not_found', 'This run was made before the app was started again; its output is in the document.');
    return entry;
  }

  #tell(runId: string): void {
    this.#onItem(runId, { type: 'run', run: this.view(runId) });
  }

  #forgetOld(): void {
    for (const [id, { core }] of this.#entries) {
      if (this.#entries.size <= KEPT_RUNS) return;
      if (isTerminal(core.state)) this.#entries.delete(id);
    }
  }
}

function toView({ request, about, core, log, freshSession, message, createdAt }: Entry): RunView {
  const { runId: id, projectId, documentId, sessionName, code, cellIndex = null, batchId = null, ordinal = null } = request;
  const { state, attempt, awaitingInput, cancelRequestedAt, stopUnreachedAt, contactLostSince, exitReason, startedAt, endedAt } = core;
  return {
    ...{ id, projectId, documentId, sessionName, code, cellIndex, batchId, ordinal, freshSession, message, createdAt },
    ...{ state, attempt, awaitingInput, cancelRequestedAt, stopUnreachedAt, contactLostSince, exitReason, startedAt, endedAt },
    docPath: about.docPath,
    projectSlug: about.projectSlug,
    language: canonicalLanguage(request.language),
    target: { kind: 'device', deviceId: about.deviceId },
    reason: request.target ? 'user_choice' : 'device_online',
    ranOn: startedAt ? about.deviceName : null,
    codeChanged: false,
    lastSeq: log.lastSeq,
  };
}
