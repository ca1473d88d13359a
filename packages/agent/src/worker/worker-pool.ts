import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RuntimeInfo } from '@markco/core/device/device';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import { FreshNamespaces } from '../runs/fresh-namespaces.ts';
import { type Admission, type ReadyRuntime, type RuntimePool, type SessionRef, sessionKey, sessionOf } from '../runs/runtime-pool.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { SandboxDriver, SandboxRuntime } from '../runtimes/sandbox/sandbox-driver.ts';
import { RuntimeSupervisor } from '../runtimes/supervisor.ts';

export interface WorkerPoolOptions {
  driver: SandboxDriver;
  /** The project's documents as the server has them now (AG6). */
  snapshot: (runId: string) => Promise<Record<string, string>>;
  maxSandboxes: number;
  idleMs: number;
  probeMs?: number;
}

/** AG6: a sandbox a (user, project, language, session); at most N, the one idle for the longest makes room. */
export class WorkerPool implements RuntimePool {
  readonly #o: WorkerPoolOptions;
  readonly #supervisor: RuntimeSupervisor;
  readonly #sandboxes = new Map<string, SandboxRuntime>();
  readonly #fresh = new FreshNamespaces();

  constructor(options: WorkerPoolOptions) {
    this.#o = options;
    const { maxSandboxes, idleMs, probeMs } = options;
    this.#supervisor = new RuntimeSupervisor({ maxSandboxes, sandboxIdleMs: idleMs, ...(probeMs && { probeMs }) });
    this.#supervisor.onChange((change) => change.type === 'down' && this.#sandboxes.delete(change.key));
  }

  async admit(offer: OfferedRun): Promise<Admission> {
    if (canonicalLanguage(offer.request.language) !== 'python') {
      return {
        ok: false,
        reason: 'no_runtime',
        message: `The cloud runs Python, not ${offer.request.language}. Run this cell on one of your computers.`,
      };
    }
    const live = this.#supervisor.list();
    const isFull = live.length >= this.#o.maxSandboxes && live.every(({ running }) => running > 0);
    if (isFull && !this.peek(sessionOf(offer))) {
      return { ok: false, reason: 'limit', message: 'All cloud runtimes are in use right now.' };
    }
    return { ok: true };
  }

  async acquire(offer: OfferedRun): Promise<ReadyRuntime> {
    const key = sessionKey(sessionOf(offer));
    const files = await this.#o.snapshot(offer.runId);
    const { runtime, fresh, replaces } = await this.#supervisor.get(key, async () => {
      const sandbox = await this.#o.driver.start({ session: offer.request.sessionName, files });
      this.#sandboxes.set(key, sandbox);
      return sandbox;
    });
    if (!fresh) this.#sandboxes.get(key)?.putFiles(files);
    return { runtime, replaces, takeFresh: () => this.#fresh.take(runtime), assetFolder: null };
  }

  peek(session: SessionRef): Runtime | null {
    return this.#supervisor.peek(sessionKey(session));
  }

  async restart(session: SessionRef): Promise<void> {
    await this.#supervisor.close(sessionKey(session));
  }

  async reset(session: SessionRef): Promise<void> {
    const runtime = this.peek(session);
    if (!runtime) throw new AppError('not_found', 'This session is not running; the next run starts it fresh.');
    await runtime.reset();
    this.#fresh.emptied(runtime);
  }

  /** Sessions of many people: only what can be started is told. */
  runtimes(): RuntimeInfo[] {
    return [
      { runtimeId: 'sandbox:python', language: 'python', kind: 'sandbox', label: `Python (${this.#o.driver.name})`, state: 'available' },
    ];
  }

  /** Live sandboxes; for metrics and tests. */
  get live(): number {
    return this.#supervisor.list().length;
  }

  closeAll(): Promise<void> {
    return this.#supervisor.closeAll();
  }
}
