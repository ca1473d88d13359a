import { createHash } from 'node:crypto';
import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RunEvent } from '@markco/core/run/run-event';
import type { Log } from '@markco/sync/log';
import { v7 } from 'uuid';
import { Journal } from '../journal/journal.ts';
import { ActiveRun } from './active-run.ts';
import { executeRun } from './execute-run.ts';
import { type RuntimePool, sessionKey, sessionOf } from './runtime-pool.ts';

/** A cell the desktop's window runs on this computer. `projectId`: the server's id, or the folder itself without an account (EL3). */
export interface LocalRunRequest {
  runId?: string;
  userId: string;
  projectId: string;
  documentId: string;
  docPath: string;
  language: string;
  code: string;
  sessionName?: string;
}

/** EL3: runs without the cloud hop: same runtimes, same events, nothing sent. */
export class LocalRuns {
  readonly #journal: Journal;
  readonly #pool: RuntimePool;
  readonly #log: Log;
  readonly #active = new Map<string, ActiveRun>();
  readonly #sessions = new Map<string, Promise<void>>();

  constructor(options: { journalDir: string; pool: RuntimePool; log: Log }) {
    this.#journal = new Journal(options.journalDir);
    // What a crash left has no one to tell: these runs belong to a window that is gone.
    for (const run of this.#journal.runs()) this.#journal.forget(run.offer.runId);
    this.#pool = options.pool;
    this.#log = options.log;
  }

  /** Starts a run; events come in order, `ended` last, then `done` settles. Runs of one session wait for each other. */
  start(request: LocalRunRequest, onEvent: (event: RunEvent) => void): { runId: string; done: Promise<void> } {
    const offer = asOffer(request);
    const { runId } = offer;
    this.#journal.offer(offer);
    const active = new ActiveRun(offer);
    this.#active.set(runId, active);
    const stop = this.#journal.onAppend((id) => id === runId && this.#deliver(runId, onEvent));
    const key = sessionKey(sessionOf(offer));
    const done = (this.#sessions.get(key) ?? Promise.resolve())
      .then(() => this.#execute(active))
      .finally(() => {
        stop();
        this.#active.delete(runId);
        if (this.#sessions.get(key) === done) this.#sessions.delete(key);
      });
    this.#sessions.set(key, done);
    return { runId, done };
  }

  /** RU12. */
  async cancel(runId: string, force = false): Promise<void> {
    const active = this.#active.get(runId);
    await active?.cancel(force).catch(() => undefined);
    if (!active || !force || active.startedAt === null) return;
    active.forced = true;
    await this.#pool.restart(sessionOf(active.offer));
  }

  /** RU14. `execId` as the question named it. */
  async answer(runId: string, input: { execId: string; text: string; secret: boolean }): Promise<boolean> {
    return (await this.#active.get(runId)?.answer(input)) ?? false;
  }

  /** The bytes of an asset of a run that goes on or just ended; null afterwards. */
  asset(runId: string, assetId: string): { bytes: Buffer; mimeType: string } | null {
    return this.#journal.assets.get(runId, assetId);
  }

  async stop(): Promise<void> {
    const all = [...this.#active.values()];
    for (const active of all) active.stopping = true;
    await Promise.all(all.map((active) => this.#pool.restart(sessionOf(active.offer)).catch(() => undefined)));
    await Promise.allSettled([...this.#sessions.values()]);
    this.#journal.close();
  }

  async #execute(active: ActiveRun): Promise<void> {
    if (!(await this.#journal.grant(active.runId, 1))) return;
    const ready = this.#pool.acquire(active.offer);
    ready.catch(() => undefined);
    await executeRun(active, ready, { journal: this.#journal, log: this.#log, waitForFiles: async () => null });
  }

  /** Delivered is acknowledged: nothing piles up. */
  #deliver(runId: string, onEvent: (event: RunEvent) => void): void {
    for (const event of this.#journal.unacked(runId, 0, Number.MAX_SAFE_INTEGER, 1_000)) {
      onEvent(event);
      this.#journal.ack(runId, event.seq);
    }
  }
}

function asOffer(request: LocalRunRequest): OfferedRun {
  const { runId = v7(), userId, projectId, documentId, docPath, language, code, sessionName = 'default' } = request;
  const codeHash = createHash('sha256').update(code).digest('hex');
  return {
    ...{ runId, attempt: 1, userId, projectSlug: 'local', projectName: 'local', docPath, cloud: false },
    request: { runId, projectId, documentId, epoch: 'local', language, code, codeHash, sessionName },
  };
}
