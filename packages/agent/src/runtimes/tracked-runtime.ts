import type { Runtime } from './runtime.ts';

/** A runtime that knows how many of its executions run and when it was last used (ms, on `now`'s clock). */
export interface TrackedRuntime {
  /** What callers get. */
  readonly runtime: Runtime;
  readonly running: number;
  readonly lastUsedAt: number;
}

/** Wraps `inner` so that its use can be seen from outside. */
export function trackRuntime(inner: Runtime, now: () => number): TrackedRuntime {
  const use = { running: 0, lastUsedAt: now() };
  const touch = <T>(result: T): T => {
    use.lastUsedAt = now();
    return result;
  };
  const runtime: Runtime = {
    id: inner.id,
    kind: inner.kind,
    language: inner.language,
    label: inner.label,
    ...(inner.pid !== undefined && { pid: inner.pid }),
    ...(inner.cwd !== undefined && { cwd: inner.cwd }),
    health: () => inner.health(),
    capabilities: () => inner.capabilities(),
    execute: async (request, onEvent) => {
      use.running += 1;
      try {
        await inner.execute(request, onEvent);
      } finally {
        use.running -= 1;
        touch(undefined);
      }
    },
    input: (execId, text) => touch(inner.input(execId, text)),
    cancelInput: (execId) => touch(inner.cancelInput(execId)),
    interrupt: () => touch(inner.interrupt()),
    introspect: (question, body, signal) => touch(inner.introspect(question, body, signal)),
    reset: () => touch(inner.reset()),
    asset: (id) => inner.asset(id),
    close: () => inner.close(),
    onExit: (listener) => inner.onExit(listener),
  };
  return {
    runtime,
    get running() {
      return use.running;
    },
    get lastUsedAt() {
      return use.lastUsedAt;
    },
  };
}
