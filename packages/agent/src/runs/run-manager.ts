import type { AgentMessage, MrpRequest, OfferedRun, ResumeReply } from '@markco/core/device/agent-message';
import { MAX_RUNNING_PER_DEVICE } from '@markco/core/device/constants';
import type { Log } from '@markco/sync/log';
import type { Outgoing } from '../connection/connection.ts';
import type { Journal } from '../journal/journal.ts';
import { reason } from '../log.ts';
import { ActiveRun } from './active-run.ts';
import { type Answer, answerIntrospection, answerSessionOp } from './answer-question.ts';
import { executeRun } from './execute-run.ts';
import { type Admission, type ReadyRuntime, type RuntimePool, sessionKey, sessionOf } from './runtime-pool.ts';

export interface RunManagerOptions {
  journal: Journal;
  pool: RuntimePool;
  /** Sends to the server; a lost message is made good by RESUME. */
  send: (message: Outgoing) => Promise<unknown>;
  /** EL4: "Allow runs from my other devices". */
  allowRuns: () => boolean;
  /** RU15: why the files may be older than what the person saw, or null. */
  waitForFiles: (offer: OfferedRun) => Promise<string | null>;
  log: Log;
  maxRunning?: number;
  busyPollMs?: number;
  /** Told whenever a run begins or ends. */
  onActivity?: (running: number) => void;
}

type ResumeRuns = Extract<AgentMessage, { type: 'RESUME' }>['runs'];

/** RU9–RU15 on the device: answers offers, executes grants at most once, and passes on what the person asks of a run. */
export class RunManager {
  readonly #o: RunManagerOptions;
  readonly #active = new Map<string, ActiveRun>();
  /** Runtimes that get ready while their offers wait for the grant. */
  readonly #readying = new Map<string, Promise<ReadyRuntime>>();
  readonly #sessions = new Map<string, Promise<void>>();
  readonly #steps = new Map<string, Promise<void>>();
  /** The attempts that the newest RESUME told of. */
  #reported = new Map<string, number>();
  #draining = false;

  constructor(options: RunManagerOptions) {
    this.#o = options;
  }

  get running(): number {
    return this.#active.size;
  }

  /** Takes no new runs from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** Takes no new runs and ends what runs as interrupted; resolves when it has ended. */
  async stop(): Promise<void> {
    this.drain();
    const all = [...this.#active.values()];
    for (const run of all) run.stopping = true;
    await Promise.all(all.map((run) => this.#o.pool.restart(sessionOf(run.offer)).catch(() => undefined)));
    await Promise.all(all.map((run) => run.done));
  }

  /** RU11: what the journal says of every run. */
  resume(): ResumeRuns {
    const runs = this.#o.journal
      .runs()
      .map(({ offer, phase, lastSeq, alive }) => ({ runId: offer.runId, attempt: offer.attempt, phase, lastSeq, alive }));
    this.#reported = new Map(runs.map(({ runId, attempt }) => [runId, attempt]));
    return runs;
  }

  /** RU11: what else the server decided on a reconnect. An attempt that was taken since the report is not what it speaks of. */
  resumed(reply: ResumeReply): void {
    for (const { runId, action } of reply.runs) {
      const run = this.#o.journal.get(runId);
      if (!run || action === 'continue' || run.offer.attempt !== this.#reported.get(runId)) continue;
      if (action === 'grant') this.#step(runId, () => this.#grant(runId, run.offer.attempt));
      else if (!run.alive) this.#drop(runId);
      else if (action === 'forget') this.#o.journal.forget(runId);
    }
  }

  /** Handles one request of the server. Never throws; the same request twice does no more than once. */
  handle(request: MrpRequest): void {
    switch (request.kind) {
      case 'offer':
        this.#step(request.offer.runId, () => this.#offer(request.offer));
        break;
      case 'grant':
        this.#step(request.runId, () => this.#grant(request.runId, request.attempt));
        break;
      case 'deny':
        this.#step(request.runId, async () => this.#deny(request.runId, request.attempt));
        break;
      case 'cancel':
        this.#step(request.runId, () => this.#cancel(request.runId, request.force));
        break;
      case 'input':
        this.#step(request.runId, async () => this.#active.get(request.runId)?.answer(request));
        break;
      case 'introspect':
        void answerIntrospection(this.#o.pool, request).then((answer) => this.#answer(request, answer));
        break;
      case 'session':
        void answerSessionOp(this.#o.pool, request).then((answer) => this.#answer(request, answer));
        break;
      case 'probe':
        this.#answer(request, { result: { alive: true } });
        break;
      case 'ack':
        break;
    }
  }

  /** One step of a run after the other. */
  #step(runId: string, work: () => Promise<unknown>): void {
    const next = (this.#steps.get(runId) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => this.#o.log.warn({ run_id: runId, reason: reason(error) }, 'a request about a run failed'))
      .then(() => {
        if (this.#steps.get(runId) === next) this.#steps.delete(runId);
      });
    this.#steps.set(runId, next);
  }

  async #offer(offer: OfferedRun): Promise<void> {
    const { runId, attempt } = offer;
    const known = this.#o.journal.get(runId);
    if ((known && known.phase !== 'accepted') || this.#o.journal.finished(runId) !== undefined) return this.#status(runId, attempt);
    if (!known || known.offer.attempt < attempt) {
      const admission = await this.#admit(offer);
      if (!admission.ok) {
        const { reason: why, message, busyExecId } = admission;
        this.#o.log.info({ run_id: runId, reason: why }, 'offer refused');
        this.#drop(runId);
        await this.#send({ type: 'MRP_RESPONSE', kind: 'refuse', runId, attempt, reason: why, message, ...(busyExecId && { busyExecId }) });
        return;
      }
      this.#o.journal.offer(offer);
    }
    if (known && known.offer.attempt > attempt) return this.#status(runId, attempt);
    // Not waited for: the grant may come before the answer to this.
    void this.#send({ type: 'MRP_RESPONSE', kind: 'accept', runId, attempt });
    this.#ready(offer);
  }

  async #admit(offer: OfferedRun): Promise<Admission> {
    if (this.#draining) return { ok: false, reason: 'draining', message: 'The agent on this computer is stopping.' };
    if (!this.#o.allowRuns())
      return { ok: false, reason: 'runs_not_allowed', message: 'Runs from other devices are switched off on this computer.' };
    if (this.#active.size >= (this.#o.maxRunning ?? MAX_RUNNING_PER_DEVICE)) {
      return { ok: false, reason: 'limit', message: 'This computer is already running as many cells as it may.' };
    }
    return this.#o.pool.admit(offer);
  }

  /** RU10: the runtime starts while the grant is on its way. */
  #ready(offer: OfferedRun): Promise<ReadyRuntime> {
    const known = this.#readying.get(offer.runId);
    if (known) return known;
    const readying = this.#o.pool.acquire(offer);
    readying.catch(() => undefined);
    this.#readying.set(offer.runId, readying);
    return readying;
  }

  async #grant(runId: string, attempt: number): Promise<void> {
    if (!(await this.#o.journal.grant(runId, attempt))) return this.#status(runId, attempt);
    const run = this.#o.journal.get(runId);
    if (!run) return;
    const active = new ActiveRun(run.offer);
    this.#active.set(runId, active);
    this.#o.onActivity?.(this.#active.size);
    const key = sessionKey(sessionOf(run.offer));
    const before = this.#sessions.get(key) ?? Promise.resolve();
    const mine = before
      .then(() => this.#execute(active))
      .finally(() => {
        if (this.#sessions.get(key) === mine) this.#sessions.delete(key);
      });
    this.#sessions.set(key, mine);
  }

  async #execute(active: ActiveRun): Promise<void> {
    const { journal, log, waitForFiles, busyPollMs } = this.#o;
    // Another run of the session may have ended it since this one got ready.
    const readying = this.#readying.get(active.runId);
    this.#readying.delete(active.runId);
    const ready = readying && (await isUsable(readying)) ? readying : this.#o.pool.acquire(active.offer);
    ready.catch(() => undefined);
    await executeRun(active, ready, { journal, log, waitForFiles: () => waitForFiles(active.offer), ...(busyPollMs && { busyPollMs }) });
    this.#active.delete(active.runId);
    this.#o.onActivity?.(this.#active.size);
  }

  #deny(runId: string, attempt: number): void {
    const run = this.#o.journal.get(runId);
    if (run?.phase === 'accepted' && run.offer.attempt <= attempt) this.#drop(runId);
  }

  async #cancel(runId: string, force: boolean): Promise<void> {
    const active = this.#active.get(runId);
    if (!active) {
      if (this.#o.journal.get(runId)?.phase === 'accepted') this.#drop(runId);
      return;
    }
    await active
      .cancel(force)
      .catch((error: unknown) => this.#o.log.warn({ run_id: runId, reason: reason(error) }, 'the interrupt failed'));
    if (!force || active.startedAt === null) return;
    active.forced = true;
    await this.#o.pool.restart(sessionOf(active.offer));
  }

  #drop(runId: string): void {
    this.#readying.delete(runId);
    this.#o.journal.forget(runId);
  }

  /** RU10: instead of executing again. */
  async #status(runId: string, attempt: number): Promise<void> {
    const run = this.#o.journal.get(runId);
    const finished = this.#o.journal.finished(runId);
    const phase = run?.phase ?? (finished === undefined ? ('unknown' as const) : ('ended' as const));
    await this.#send({ type: 'MRP_RESPONSE', kind: 'status', runId, attempt, phase, lastSeq: run?.lastSeq ?? finished ?? 0 });
  }

  #answer(request: MrpRequest, answer: Answer): void {
    void this.#send({ type: 'MRP_RESPONSE', kind: 'answer', requestId: request.requestId ?? request.messageId, ...answer });
  }

  /** A message that is lost with its socket needs no repeat: RESUME says the same. */
  async #send(message: Outgoing): Promise<void> {
    await this.#o.send(message).catch((error: unknown) => this.#o.log.debug({ reason: reason(error) }, 'not sent'));
  }
}

/** False where the runtime that was readied is gone again. */
async function isUsable(readying: Promise<ReadyRuntime>): Promise<boolean> {
  try {
    const { runtime } = await readying;
    let gone = false;
    runtime.onExit(() => {
      gone = true;
    })();
    return !gone;
  } catch {
    return false;
  }
}
