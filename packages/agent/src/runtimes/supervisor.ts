import { AppError } from '@markco/core/errors';
import type { RuntimeLoss } from '@markco/core/run/run-event';
import { describeExit } from './exit-watch.ts';
import type { Runtime, RuntimeExit } from './runtime.ts';
import { type TrackedRuntime, trackRuntime } from './tracked-runtime.ts';

/** A runtime session: user + project + language + name. */
export interface SessionId {
  userId: string;
  projectId: string;
  language: string;
  name: string;
}

/** The key the supervisor keeps a session's runtime under. */
export const sessionKey = (id: SessionId): string => [id.userId, id.projectId, id.language, id.name].map(encodeURIComponent).join('/');

/** Makes a session's runtime when it is needed. */
export type RuntimeStarter = () => Promise<Runtime>;

/** A session's runtime. `fresh`: started for this call, so it has no variables yet; `replaces`: why the one before it is gone. */
export interface SessionRuntime {
  runtime: Runtime;
  fresh: boolean;
  restarts: number;
  replaces: RuntimeLoss | null;
}

/** A runtime came up or went down. */
export type SupervisorChange =
  | { type: 'up'; key: string; runtime: Runtime; restarts: number }
  | { type: 'down'; key: string; runtime: Runtime; exit: RuntimeExit; asked: boolean };

/** Times in ms. */
export interface SupervisorOptions {
  /** How often `/health` is asked. */
  probeMs?: number;
  /** Sandboxes unused for this long are dropped; 0 keeps them (RU6: 30 minutes). */
  sandboxIdleMs?: number;
  /** Sandboxes alive at once (AG6). */
  maxSandboxes?: number;
  /** The wait before start number `crashes + 1` in a row. */
  backoff?: (crashes: number) => number;
  now?: () => number;
}

/** Misses of `/health` in a row, nothing running, before a runtime counts as hung (AG5). */
const MISSES = 3;

interface Session {
  starting: Promise<TrackedRuntime> | null;
  tracked: TrackedRuntime | null;
  starter: RuntimeStarter;
  misses: number;
  crashes: number;
  restarts: number;
  lost: RuntimeLoss | 'asked' | null;
  /** Why we are ending it, where we are: its exit is no crash. */
  ending: 'unresponsive' | 'idle' | 'asked' | null;
}

const defaultBackoff = (crashes: number): number => (crashes < 2 ? 0 : Math.min(30_000, 500 * 2 ** (crashes - 2)));

/** AG5: keeps one runtime a session: started on demand, once; watched; replaced after its death and never while it works. */
export class RuntimeSupervisor {
  readonly #sessions = new Map<string, Session>();
  readonly #listeners = new Set<(change: SupervisorChange) => void>();
  readonly #options: Required<SupervisorOptions>;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(options: SupervisorOptions = {}) {
    this.#options = { probeMs: 5_000, sandboxIdleMs: 30 * 60_000, maxSandboxes: 16, backoff: defaultBackoff, now: Date.now, ...options };
    this.#timer = setInterval(() => void this.probe(), this.#options.probeMs);
    this.#timer.unref();
  }

  /**
   * The session's runtime, started with `starter` if there is none. Calls at the same time share one start; after a crash
   * the start waits out the backoff.
   * @throws whatever `starter` throws; AppError `limit_reached` when every sandbox is in use
   */
  async get(key: string, starter: RuntimeStarter): Promise<SessionRuntime> {
    if (this.#closed) throw new AppError('unavailable', 'The agent is stopping; no runtime is started any more.');
    const session = this.#session(key, starter);
    const fresh = session.tracked === null;
    const replaces = session.lost === 'asked' ? null : session.lost;
    if (!session.tracked) session.starting ??= this.#start(key, session);
    const { runtime } = session.tracked ?? (await session.starting!);
    return { runtime, fresh, restarts: session.restarts, replaces: fresh ? replaces : null };
  }

  /** The runtime of a session if it is up; starts nothing. */
  peek(key: string): Runtime | null {
    return this.#sessions.get(key)?.tracked?.runtime ?? null;
  }

  /** Every runtime that is up. `running`: executions under way. */
  list(): { key: string; runtime: Runtime; running: number; lastUsedAt: number; restarts: number }[] {
    return [...this.#sessions].flatMap(([key, { tracked, restarts }]) =>
      tracked ? [{ key, runtime: tracked.runtime, running: tracked.running, lastUsedAt: tracked.lastUsedAt, restarts }] : [],
    );
  }

  /** Ends the session's runtime, busy or not, and starts a fresh one ("Force stop", RU12). Null when there was no session. */
  async restart(key: string): Promise<SessionRuntime | null> {
    const session = this.#sessions.get(key);
    if (!session) return null;
    await this.#end(session);
    return this.get(key, session.starter);
  }

  /** Empties the session's namespace; false when nothing is up. */
  async reset(key: string): Promise<boolean> {
    const runtime = this.peek(key);
    if (!runtime) return false;
    await runtime.reset();
    return true;
  }

  /** Ends one session's runtime and forgets the session. */
  async close(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    if (session) await this.#end(session);
    this.#sessions.delete(key);
  }

  /** Ends everything; nothing starts afterwards. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#sessions.values()].map((session) => this.#end(session)));
    this.#sessions.clear();
  }

  /** Hears of every runtime that comes up or goes down. Returns the unsubscribe function. */
  onChange(listener: (change: SupervisorChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** One round of health checks and idle drops; runs by itself every `probeMs`. */
  async probe(): Promise<void> {
    await Promise.allSettled([...this.#sessions.values()].map((session) => this.#check(session)));
  }

  #session(key: string, starter: RuntimeStarter): Session {
    const known = this.#sessions.get(key);
    if (known) {
      known.starter = starter;
      return known;
    }
    const session: Session = { starting: null, tracked: null, starter, misses: 0, crashes: 0, restarts: 0, lost: null, ending: null };
    this.#sessions.set(key, session);
    return session;
  }

  async #start(key: string, session: Session): Promise<TrackedRuntime> {
    try {
      const wait = this.#options.backoff(session.crashes);
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const runtime = await session.starter();
      if (runtime.kind === 'sandbox') await this.#makeRoom().catch((error: unknown) => runtime.close().then(() => Promise.reject(error)));
      if (this.#closed) await runtime.close();
      const tracked = trackRuntime(runtime, this.#options.now);
      if (session.lost) session.restarts += 1;
      Object.assign(session, { tracked, misses: 0, lost: null, ending: null });
      this.#tell({ type: 'up', key, runtime: tracked.runtime, restarts: session.restarts });
      runtime.onExit((exit) => this.#gone(key, session, tracked, exit));
      return tracked;
    } finally {
      session.starting = null;
    }
  }

  #gone(key: string, session: Session, tracked: TrackedRuntime, exit: RuntimeExit): void {
    if (session.tracked !== tracked) return;
    const { ending } = session;
    session.tracked = null;
    session.lost = ending ?? (exit.outOfMemory ? 'out_of_memory' : 'crashed');
    session.crashes = ending ? 0 : session.crashes + 1;
    this.#tell({ type: 'down', key, runtime: tracked.runtime, exit, asked: ending !== null });
  }

  async #end(session: Session, why: 'unresponsive' | 'idle' | 'asked' = 'asked'): Promise<void> {
    await session.starting?.catch(() => undefined);
    const { tracked } = session;
    if (!tracked) return;
    session.ending = why;
    await tracked.runtime.close();
    const key = [...this.#sessions].find(([, each]) => each === session)?.[0] ?? '';
    const stopped = { ...describeExit(null, null), message: 'The runtime was stopped. Its variables are gone.' };
    this.#gone(key, session, tracked, stopped);
  }

  async #check(session: Session): Promise<void> {
    const { tracked } = session;
    if (!tracked || tracked.running > 0) return;
    const idle = this.#options.now() - tracked.lastUsedAt;
    if (tracked.runtime.kind === 'sandbox' && this.#options.sandboxIdleMs > 0 && idle > this.#options.sandboxIdleMs)
      return this.#end(session, 'idle');
    const healthy = await tracked.runtime.health().then(
      () => true,
      () => false,
    );
    session.misses = healthy ? 0 : session.misses + 1;
    if (healthy) session.crashes = 0;
    if (session.misses >= MISSES && tracked.running === 0 && session.tracked === tracked) await this.#end(session, 'unresponsive');
  }

  /** AG6: at most N sandboxes; the one idle for the longest makes room. */
  async #makeRoom(): Promise<void> {
    const sandboxes = [...this.#sessions.values()].filter((session) => session.tracked?.runtime.kind === 'sandbox');
    if (sandboxes.length < this.#options.maxSandboxes) return;
    const idle = sandboxes
      .filter((session) => session.tracked!.running === 0)
      .sort((a, b) => a.tracked!.lastUsedAt - b.tracked!.lastUsedAt);
    if (!idle[0])
      throw new AppError('limit_reached', 'All cloud runtimes are in use right now. Try again in a moment, or run on one of your devices.');
    await this.#end(idle[0], 'idle');
  }

  #tell(change: SupervisorChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
