import {
  type AgentMethod,
  type AgentPush,
  type AgentQuestion,
  type AgentReply,
  type AgentRequest,
  agentReply,
} from '../protocol/agent-port.ts';
import { createBackoff } from './backoff.ts';

/** The part of Electron's UtilityProcess this needs. */
export interface ChildLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export interface AgentProcessOptions {
  fork(): ChildLike;
  onPush(push: AgentPush): void;
  /** EL2: what only main can do for it. Rejections are told to the agent. */
  answer(question: AgentQuestion, value: unknown): Promise<unknown>;
  onDown(code: number, restartInMs: number): void;
  now?: () => number;
}

type Pending = { resolve(value: unknown): void; reject(error: Error): void };

/** How long it may take to say goodbye, in ms. */
const STOP_WITHIN_MS = 5_000;

/** The agent in its own process (EL5): requests with answers, pushes, and a new start with back-off when it dies. */
export class AgentProcess {
  readonly #options: AgentProcessOptions;
  readonly #backoff = createBackoff();
  readonly #pending = new Map<number, Pending>();
  #child: ChildLike | null = null;
  #nextId = 1;
  #stopping: Promise<void> | null = null;
  #startedAt = 0;

  constructor(options: AgentProcessOptions) {
    this.#options = options;
  }

  /** Starts the process and keeps it started until {@link stop}. */
  start(): void {
    const now = this.#options.now ?? Date.now;
    this.#startedAt = now();
    const child = this.#options.fork();
    this.#child = child;
    child.on('message', (message) => this.#receive(child, message));
    child.once('exit', (code) => {
      this.#child = null;
      for (const { reject } of this.#pending.values())
        reject(new Error('The background process stopped. It is starting again; try once more.'));
      this.#pending.clear();
      if (this.#stopping) return;
      const wait = this.#backoff.next(now() - this.#startedAt);
      this.#options.onDown(code, wait);
      setTimeout(() => !this.#stopping && this.start(), wait);
    });
  }

  /** Asks the agent; rejects with its words for the person, or when its process dies. */
  request(method: AgentMethod, args: unknown): Promise<unknown> {
    const child = this.#child;
    if (!child) return Promise.reject(new Error('The background process is starting. Try again in a moment.'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      child.postMessage({ id, method, args } satisfies AgentRequest);
    });
  }

  /** Lets the agent say goodbye and end. Resolves when it has, at most after five seconds. */
  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    void this.request('stop', null).catch(() => undefined);
    const timer = setTimeout(() => child.kill(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }

  #receive(child: ChildLike, message: unknown): void {
    const parsed = agentReply.safeParse(message);
    if (!parsed.success) return;
    const reply = parsed.data;
    if (reply.type === 'push') this.#options.onPush(reply);
    else if (reply.type === 'question') void this.#tell(child, reply.id, reply.question, reply.value);
    else this.#settle(reply);
  }

  #settle(reply: Extract<AgentReply, { type: 'answer' | 'error' }>): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.type === 'error') waiting?.reject(new Error(reply.message));
    else waiting?.resolve(reply.value);
  }

  async #tell(child: ChildLike, question: number, what: AgentQuestion, value: unknown): Promise<void> {
    const args = await this.#options.answer(what, value).then(
      (answer) => ({ question, value: answer }),
      (error: unknown) => ({ question, value: null, error: error instanceof Error ? error.message : String(error) }),
    );
    child.postMessage({ id: this.#nextId++, method: 'told', args } satisfies AgentRequest);
  }
}
