import type { MrpStreamEvent } from '@markco/core/mrp/stream-event';
import {
  type ExecuteRequest,
  type MrpEventHandler,
  type Runtime,
  RuntimeBusyError,
  RuntimeDiedError,
  type RuntimeExit,
} from '../runtimes/runtime.ts';

/** What the code of a fake cell may do. */
export interface CellApi {
  say(event: MrpStreamEvent): Promise<void>;
  print(text: string): Promise<void>;
  /** Asks and resolves with the answer; rejects with KeyboardInterrupt when interrupted. */
  input(prompt: string, password?: boolean): Promise<string>;
  /** Resolves when the person interrupts. */
  interrupted: Promise<void>;
}
export type Cell = (api: CellApi) => Promise<void> | void;

class Interrupt extends Error {}
const END_OF_INPUT = '\u0004';

/** A runtime in this process: its "code" is the name of a scripted cell. For tests of everything above the Runtime interface. */
export class FakeRuntime implements Runtime {
  readonly id = `fake-${Math.random().toString(36).slice(2)}`;
  kind: Runtime['kind'] = 'native';
  readonly language = 'python';
  readonly label = 'Fake 1.0';
  readonly pid = 4242;
  readonly cwd = '/tmp';
  readonly executed: string[] = [];
  readonly inputs: string[] = [];
  foreign: string | null = null;
  /** What an interrupt is answered with instead of reaching the code: a failure, or the word that nothing was interrupted. */
  unreached: Error | 'refused' | null = null;
  readonly #cells: Record<string, Cell>;
  #current: { execId: string; interrupt: () => void; answer: ((text: string) => void) | null } | null = null;
  #exit: RuntimeExit | null = null;
  readonly #listeners = new Set<(exit: RuntimeExit) => void>();

  constructor(cells: Record<string, Cell>) {
    this.#cells = cells;
  }

  async health() {
    const currentExecId = this.foreign ?? this.#current?.execId ?? null;
    return { state: currentExecId ? 'busy' : 'idle', currentExecId, uptime: 1, stateRevision: 1 };
  }

  async capabilities() {
    return { runtime: 'fake', version: '1', languages: ['python'], features: {}, environment: {} };
  }

  async execute({ execId, code }: ExecuteRequest, onEvent: MrpEventHandler): Promise<void> {
    if (this.#exit) throw new RuntimeDiedError(this.#exit);
    if (this.foreign || this.#current) throw new RuntimeBusyError(this.foreign ?? this.#current?.execId ?? null);
    this.executed.push(execId);
    const died = new Promise<never>((_, reject) => this.onExit((exit) => reject(new RuntimeDiedError(exit))));
    died.catch(() => undefined);
    let interrupt!: () => void;
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    this.#current = { execId, interrupt, answer: null };
    try {
      await Promise.race([died, this.#run(code, onEvent, interrupted)]);
    } finally {
      this.#current = null;
    }
  }

  async #run(code: string, onEvent: MrpEventHandler, interrupted: Promise<void>): Promise<void> {
    const say = async (event: MrpStreamEvent) => void (await onEvent(event));
    const stop = interrupted.then((): never => {
      throw new Interrupt();
    });
    stop.catch(() => undefined);
    const input = async (prompt: string, password = false): Promise<string> => {
      const answer = new Promise<string>((resolve) => {
        this.#current!.answer = resolve;
      });
      await say({ event: 'stdin_request', prompt, password, execId: this.#current!.execId });
      const text = await Promise.race([answer, stop]);
      if (text === END_OF_INPUT) throw Object.assign(new Error('end of input'), { name: 'EOFError' });
      return text;
    };
    await say({ event: 'start' });
    try {
      await this.#cells[code]?.({ say, print: (content) => say({ event: 'stdout', content }), input, interrupted });
      await say({ event: 'result', result: { executionCount: this.executed.length } as never });
    } catch (error) {
      const type = error instanceof Interrupt ? 'KeyboardInterrupt' : (error as Error).name;
      await say({ event: 'error', error: { type, message: (error as Error).message, traceback: [] } as never });
    }
    await say({ event: 'done' });
  }

  async input(_execId: string, text: string): Promise<boolean> {
    const answer = this.#current?.answer;
    if (!answer) return false;
    this.#current!.answer = null;
    this.inputs.push(text);
    answer(text);
    return true;
  }

  async cancelInput(execId: string): Promise<boolean> {
    return this.input(execId, END_OF_INPUT);
  }

  async interrupt(): Promise<boolean> {
    if (this.unreached === 'refused') return false;
    if (this.unreached) throw this.unreached;
    this.#current?.interrupt();
    return this.#current !== null;
  }

  async introspect(question: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    if (question === 'hover') await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    return { question, body };
  }

  async reset(): Promise<void> {
    if (this.#current) throw new RuntimeBusyError(this.#current.execId);
  }

  async asset(): Promise<{ bytes: Uint8Array; mimeType: string }> {
    return { bytes: Buffer.from('bytes'), mimeType: 'text/csv' };
  }

  async close(): Promise<void> {
    this.die({ code: null, signal: 'SIGKILL', outOfMemory: false, message: 'The runtime was stopped.' });
  }

  die(exit: RuntimeExit): void {
    if (this.#exit) return;
    this.#exit = exit;
    for (const listener of this.#listeners) listener(exit);
  }

  onExit(listener: (exit: RuntimeExit) => void): () => void {
    if (this.#exit) listener(this.#exit);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
