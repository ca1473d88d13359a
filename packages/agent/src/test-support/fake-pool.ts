import type { OfferedRun } from '@markco/core/device/agent-message';
import { FreshNamespaces } from '../runs/fresh-namespaces.ts';
import {
  type Admission,
  type AssetFolder,
  type ReadyRuntime,
  type RuntimePool,
  type SessionRef,
  sessionKey,
  sessionOf,
} from '../runs/runtime-pool.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type Cell, FakeRuntime } from './fake-runtime.ts';

/** A pool of fake runtimes, one a session; for tests. */
export class FakePool implements RuntimePool {
  readonly started: FakeRuntime[] = [];
  readonly sessions = new Map<string, FakeRuntime>();
  readonly cells: Record<string, Cell>;
  admission: Admission = { ok: true };
  assetFolder: AssetFolder | null = null;
  startError: Error | null = null;
  readonly #fresh = new FreshNamespaces();

  constructor(cells: Record<string, Cell> = {}) {
    this.cells = cells;
  }

  async admit(): Promise<Admission> {
    return this.admission;
  }

  async acquire(offer: OfferedRun): Promise<ReadyRuntime> {
    if (this.startError) throw this.startError;
    const key = sessionKey(sessionOf(offer));
    let runtime = this.sessions.get(key);
    if (!runtime) {
      const made = new FakeRuntime(this.cells);
      made.onExit(() => this.sessions.delete(key));
      this.started.push(made);
      this.sessions.set(key, made);
      runtime = made;
    }
    const ready = runtime;
    return { runtime: ready, takeFresh: () => this.#fresh.take(ready), assetFolder: this.assetFolder };
  }

  peek(session: SessionRef): Runtime | null {
    return this.sessions.get(sessionKey(session)) ?? null;
  }

  async restart(session: SessionRef): Promise<void> {
    await this.sessions.get(sessionKey(session))?.close();
  }

  async reset(session: SessionRef): Promise<void> {
    await this.peek(session)?.reset();
  }

  runtimes() {
    return [];
  }

  async closeAll(): Promise<void> {
    for (const runtime of [...this.sessions.values()]) await runtime.close();
  }

  get executions(): string[] {
    return this.started.flatMap((runtime) => runtime.executed);
  }
}
