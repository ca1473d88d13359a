import { FreshNamespaces } from '@markco/agent/runs/fresh-namespaces';
import {
  type Admission,
  type ReadyRuntime,
  type RuntimePool,
  type SessionRef,
  sessionKey,
  sessionOf,
} from '@markco/agent/runs/runtime-pool';
import type { ExecuteRequest, MrpEventHandler, RuntimeExit } from '@markco/agent/runtimes/runtime';
import { type Cell, type CellApi, FakeRuntime } from '@markco/agent/test-support/fake-runtime';
import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RuntimeInfo } from '@markco/core/device/device';
import type { CellPlan, DayBook } from './day-book.ts';
import type { SimMachine } from './sim-machine.ts';

const KILLED: RuntimeExit = { code: null, signal: 'SIGKILL', outOfMemory: false, message: 'The runtime was killed.' };

/** Told when a runtime starts or ends, as the agent tells the server. */
export interface PoolChanges {
  up(runtime: RuntimeInfo): void;
  down(runtimeId: string): void;
}

/** The runtimes of one simulated computer, one a session, gone when its machine is. They write what they execute into the book. */
export class SimPool implements RuntimePool {
  readonly #machine: SimMachine;
  readonly #name: string;
  readonly #book: DayBook;
  readonly #worker: boolean;
  readonly #fresh = new FreshNamespaces();
  readonly #sessions = new Map<string, { runtime: SimRuntime; info: RuntimeInfo }>();
  changes: PoolChanges = { up: () => {}, down: () => {} };

  constructor(machine: SimMachine, name: string, book: DayBook, worker: boolean) {
    this.#machine = machine;
    this.#name = name;
    this.#book = book;
    this.#worker = worker;
  }

  async admit(): Promise<Admission> {
    return { ok: true };
  }

  async acquire(offer: OfferedRun): Promise<ReadyRuntime> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    const { runtime } = this.#sessions.get(sessionKey(sessionOf(offer))) ?? this.#start(sessionOf(offer));
    return { runtime, takeFresh: () => this.#fresh.take(runtime), assetFolder: null };
  }

  peek(session: SessionRef): SimRuntime | null {
    return this.#sessions.get(sessionKey(session))?.runtime ?? null;
  }

  async restart(session: SessionRef): Promise<void> {
    await this.peek(session)?.close();
  }

  async reset(session: SessionRef): Promise<void> {
    const runtime = this.peek(session);
    if (!runtime) return;
    runtime.used = false;
    this.#fresh.emptied(runtime);
  }

  runtimes(): RuntimeInfo[] {
    const { kind } = this;
    const available: RuntimeInfo = { runtimeId: `${kind}:python`, language: 'python', kind, label: 'Python', state: 'available' };
    return this.#worker ? [available] : [...[...this.#sessions.values()].map(({ info }) => info), available];
  }

  async closeAll(): Promise<void> {
    for (const { runtime } of [...this.#sessions.values()]) await runtime.close();
  }

  /** Something else on the computer ends them all. */
  killAll(): void {
    for (const { runtime } of [...this.#sessions.values()]) runtime.die(KILLED);
  }

  private get kind(): RuntimeInfo['kind'] {
    return this.#worker ? 'sandbox' : 'native';
  }

  #start(session: SessionRef) {
    const key = sessionKey(session);
    const runtime = new SimRuntime(this.#machine, this.#name, this.#book);
    const { projectId, sessionName } = session;
    const info: RuntimeInfo = {
      ...{ runtimeId: runtime.id, language: 'python', kind: this.kind, label: 'Python', state: 'idle' as const },
      ...{ projectId, sessionName },
    };
    const entry = { runtime, info };
    this.#sessions.set(key, entry);
    runtime.onExit(() => {
      this.#sessions.delete(key);
      if (!this.#worker) this.changes.down(runtime.id);
    });
    if (!this.#worker) this.changes.up(info);
    return entry;
  }
}

/** Executes plans. What is left of a machine that died does nothing any more. */
class SimRuntime extends FakeRuntime {
  readonly #machine: SimMachine;
  used = false;
  #gone = false;

  constructor(machine: SimMachine, name: string, book: DayBook) {
    const self: { runtime?: SimRuntime } = {};
    super(new Proxy({}, { get: (_, code) => cell(JSON.parse(String(code)) as CellPlan, self.runtime!, name, book) }));
    self.runtime = this;
    this.#machine = machine;
    this.onExit(() => {
      this.#gone = true;
    });
  }

  /** Code runs in it only while this holds. */
  get lives(): boolean {
    return !this.#gone && !this.#machine.dead;
  }

  override execute(request: ExecuteRequest, onEvent: MrpEventHandler): Promise<void> {
    return this.#machine.dead ? never() : super.execute(request, onEvent);
  }
}

function cell(plan: CellPlan, runtime: SimRuntime, on: string, book: DayBook): Cell {
  return async (api) => {
    await perform(plan, runtime, on, book, api).finally(() => runtime.lives && book.finished(plan.tag));
  };
}

async function perform(plan: CellPlan, runtime: SimRuntime, on: string, book: DayBook, api: CellApi): Promise<void> {
  const { tag, lines, everyMs, ask, end } = plan;
  const { print, input, interrupted } = api;
  book.executed(tag, { on, fresh: !runtime.used });
  runtime.used = true;
  const stop = interrupted.then((): never => {
    throw named('KeyboardInterrupt');
  });
  stop.catch(() => undefined);
  const say = async (text: string) => {
    if (!runtime.lives) await never();
    book.printed(tag, text);
    await print(text);
  };
  for (let i = 0; i < lines; i++) {
    await say(`${tag} line ${i}\n`);
    if (everyMs > 0) await Promise.race([stop, new Promise((resolve) => setTimeout(resolve, everyMs))]);
  }
  if (ask) {
    book.asks(tag, true);
    const answer = await input('? ', ask === 'password').finally(() => book.asks(tag, false));
    await say(`${tag} heard ${answer.length} characters\n`);
  }
  if (end === 'error') throw named('NameError');
  if (end === 'die') runtime.die(KILLED);
}

const never = (): Promise<never> => new Promise(() => {});
const named = (name: string): Error => Object.assign(new Error(`a ${name}`), { name });
