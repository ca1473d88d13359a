import { randomUUID } from 'node:crypto';
import type { MrpCapabilities, RuntimeHealth } from '@markco/core/mrp/answers';
import { endStream, readStreamEvent, type StreamState, type StreamStep, startStream } from '@markco/core/mrp/normalise-stream';
import { MRP_QUESTIONS, type MrpQuestion } from '@markco/core/mrp/requests';
import {
  type ExecuteRequest,
  type MrpEventHandler,
  RuntimeBusyError,
  RuntimeDiedError,
  type RuntimeExit,
  RuntimeRequestError,
  RuntimeUnavailableError,
} from '../runtime.ts';
import type { SandboxLimits, SandboxRuntime } from './sandbox-driver.ts';
import type { SandboxMessage, SandboxProcess } from './sandbox-process.ts';
import { WallClock } from './wall-clock.ts';

const QUESTION_MS = 2_000;

/** What a sandbox says of itself when it is ready. `features`: by the protocol's names. */
export interface SandboxAbout {
  python: string;
  features: MrpCapabilities['features'];
}

/** What runs in the sandbox now: an execution or a question. */
interface Activity {
  id: string;
  execId: string | null;
  onMessage(message: SandboxMessage): Promise<void>;
}

/** The Runtime on the lines of a sandbox, whatever runs in it: one activity at a time; input and interrupts go past it. */
export class SandboxSession implements SandboxRuntime {
  readonly id = randomUUID();
  readonly kind = 'sandbox';
  readonly language = 'python';
  readonly label: string;
  readonly pid?: number;
  readonly cwd = '/project';
  readonly #process: SandboxProcess;
  readonly #limits: SandboxLimits;
  readonly #about: SandboxAbout;
  /** The execution that holds the runtime, from when it was accepted to its end. */
  #execId: string | null = null;
  #activity: Activity | null = null;
  #idle: Promise<unknown> = Promise.resolve();
  #asking = false;
  #clock: WallClock | null = null;

  constructor(child: SandboxProcess, limits: SandboxLimits, about: SandboxAbout) {
    this.#process = child;
    this.#limits = limits;
    this.#about = about;
    this.label = 'Python (cloud sandbox)';
    if (child.pid) this.pid = child.pid;
  }

  /** Takes one message of the process; returns when it has been dealt with. */
  async receive(message: SandboxMessage): Promise<void> {
    if (this.#activity && message.id === this.#activity.id) await this.#activity.onMessage(message);
  }

  async health(): Promise<RuntimeHealth> {
    if (this.#process.exit.exit) throw new RuntimeDiedError(this.#process.exit.exit);
    const execId = this.#execId;
    return { state: this.#asking ? 'waiting_input' : execId ? 'busy' : 'idle', currentExecId: execId };
  }

  async capabilities(): Promise<MrpCapabilities> {
    return {
      runtime: 'markco-sandbox',
      version: this.#about.python,
      languages: ['python', 'py', 'python3'],
      features: this.#about.features,
      environment: { cwd: this.cwd, executable: null, virtualenv: null },
    };
  }

  async execute(request: ExecuteRequest, onEvent: MrpEventHandler): Promise<void> {
    if (this.#process.exit.exit) throw new RuntimeDiedError(this.#process.exit.exit);
    if (this.#execId) throw new RuntimeBusyError(this.#execId);
    let state: StreamState = startStream();
    const pass = async (step: StreamStep): Promise<void> => {
      state = step.state;
      for (const event of step.events) await onEvent(event);
    };
    const clock = new WallClock(this.#limits.wallMs, () => this.#overtime(request.execId, (step) => pass(step(state))));
    await this.#run(
      request.execId,
      { type: 'execute', ...request, storeHistory: request.storeHistory ?? true, allowStdin: request.allowStdin ?? true },
      async (message) => {
        if (message.type !== 'event' || typeof message.event !== 'string') return;
        if (message.event === 'stdin_request') {
          this.#asking = true;
          clock.pause();
        }
        await pass(readStreamEvent(state, message.event, message.data));
      },
      clock,
    );
    await pass(endStream(state));
  }

  async input(execId: string, text: string): Promise<boolean> {
    return this.#answer(execId, text);
  }

  async cancelInput(execId: string): Promise<boolean> {
    return this.#answer(execId, null);
  }

  async interrupt(): Promise<boolean> {
    if (!this.#execId) return false;
    this.#asking = false;
    if (this.#activity) this.#process.send({ type: 'interrupt', id: this.#activity.id });
    return true;
  }

  async introspect(question: MrpQuestion, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#ask(question, MRP_QUESTIONS[question].parse(body ?? {}), QUESTION_MS, signal);
  }

  async reset(): Promise<void> {
    if (this.#execId) throw new RuntimeBusyError(this.#execId);
    await this.#ask('reset', {}, 10_000);
  }

  async asset(id: string): Promise<{ bytes: Uint8Array; mimeType: string }> {
    const [mimeType, base64] = (await this.#ask('asset', { id }, 30_000)) as [string, string];
    return { bytes: Buffer.from(base64, 'base64'), mimeType };
  }

  putFiles(files: Record<string, string>): void {
    this.#process.send({ type: 'files', files });
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  onExit(listener: (exit: RuntimeExit) => void): () => void {
    return this.#process.exit.on(listener);
  }

  #answer(execId: string, text: string | null): boolean {
    if (!this.#asking || this.#activity?.execId !== execId) return false;
    this.#asking = false;
    this.#clock?.resume();
    this.#process.send({ type: 'input', text });
    return true;
  }

  /** Starts an activity once the one before has ended; resolves at `finished`, rejects when the process dies. */
  async #run(
    execId: string | null,
    message: Record<string, unknown>,
    onMessage: (message: SandboxMessage) => Promise<void>,
    clock?: WallClock,
  ): Promise<unknown> {
    const id = randomUUID();
    const before = this.#idle;
    const ended = new Promise<unknown>((resolve, reject) => {
      const off = this.#process.exit.on((exit) => reject(new RuntimeDiedError(exit)));
      const finish = (reply: unknown): void => {
        off();
        resolve(reply);
      };
      const activity: Activity = {
        id,
        execId,
        onMessage: async (next) => {
          if (next.type !== 'finished') return onMessage(next).catch(reject);
          this.#activity = null;
          if (execId) this.#execId = null;
          this.#asking = false;
          finish(next.reply);
        },
      };
      if (execId) this.#execId = execId;
      void before.then(() => {
        this.#activity = activity;
        this.#clock = clock ?? null;
        clock?.resume();
        this.#process.send({ ...message, id });
      });
    });
    this.#idle = ended.catch(() => undefined);
    try {
      return await ended;
    } finally {
      clock?.pause();
    }
  }

  async #ask(name: string, body: unknown, budgetMs: number, signal?: AbortSignal): Promise<unknown> {
    if (this.#execId) throw new RuntimeUnavailableError();
    const answer = this.#run(null, { type: 'question', name, body: JSON.stringify(body) }, async () => undefined);
    const reply = await withBudget(answer, budgetMs, signal, () => this.#giveUp());
    const parsed = JSON.parse(String(reply ?? '{}')) as { ok?: unknown; error?: string; message?: string };
    if (parsed.error === 'runtime_busy') throw new RuntimeUnavailableError();
    if (parsed.error === 'not_found') throw new RuntimeRequestError(404, 'There is no such thing in this runtime.');
    if (parsed.error) throw new RuntimeRequestError(500, parsed.message ?? 'The runtime could not answer.');
    return parsed.ok;
  }

  /** A question ran over its budget: it is interrupted, and the sandbox ended if even that does not help. */
  #giveUp(): void {
    const activity = this.#activity;
    if (!activity) return;
    this.#process.send({ type: 'interrupt', id: activity.id });
    this.#endUnlessDone(activity.id, 'A question to the sandbox never came back; it was ended.');
  }

  /** AG6: the cell ran over its wall limit. */
  async #overtime(execId: string, pass: (step: (state: StreamState) => StreamStep) => Promise<void>): Promise<void> {
    if (this.#activity?.execId !== execId) return;
    const seconds = Math.round(this.#limits.wallMs / 1_000);
    const message = `The cell ran for ${seconds >= 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} s`}, the limit of the sandbox, and was stopped.`;
    this.#endUnlessDone(this.#activity.id, message);
    await pass((state) => readStreamEvent(state, 'warning', { message }));
    await this.interrupt();
  }

  #endUnlessDone(id: string, message: string): void {
    const timer = setTimeout(() => this.#activity?.id === id && this.#process.kill('wall', message), this.#limits.graceMs);
    timer.unref();
  }
}

/** `work`, or a RuntimeUnavailableError when the budget (ms) runs out or the caller gives up; `onGiveUp` then stops it. */
function withBudget(work: Promise<unknown>, budgetMs: number, signal: AbortSignal | undefined, onGiveUp: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new RuntimeUnavailableError());
      onGiveUp();
    };
    const timer = setTimeout(giveUp, budgetMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    };
    work.then(resolve, reject).finally(settle);
  });
}
