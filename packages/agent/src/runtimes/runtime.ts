import type { MrpCapabilities, RuntimeHealth } from '@markco/core/mrp/answers';
import type { MrpQuestion } from '@markco/core/mrp/requests';
import type { MrpStreamEvent } from '@markco/core/mrp/stream-event';

/** How a runtime's process ended. `outOfMemory`: it was killed for it, or looks as if it was. */
export interface RuntimeExit {
  code: number | null;
  signal: string | null;
  outOfMemory: boolean;
  /** What happened and what it means, for the person. */
  message: string;
}

/** What runs: one execution, known by its id. */
export interface ExecuteRequest {
  execId: string;
  code: string;
  storeHistory?: boolean;
  allowStdin?: boolean;
}

/** Takes stream events in order. A returned promise holds the printer back until it settles (RU18). */
export type MrpEventHandler = (event: MrpStreamEvent) => void | Promise<void>;

/** One REPL namespace in one process, wherever it runs (AG4). Everything above this interface speaks MRP's words. */
export interface Runtime {
  readonly id: string;
  readonly kind: 'native' | 'registered' | 'sandbox';
  readonly language: string;
  /** For people: "Python 3.11 (.venv)". */
  readonly label: string;
  readonly pid?: number;
  readonly cwd?: string;
  /** Rejects when the runtime cannot be reached. */
  health(): Promise<RuntimeHealth>;
  capabilities(): Promise<MrpCapabilities>;
  /**
   * Runs one cell; resolves after `done`. Rejects with {@link RuntimeBusyError} when another execution runs and with
   * {@link RuntimeDiedError} when the process ends. A stream that breaks while the process lives ends in an `error`
   * event of type `StreamLost`.
   */
  execute(request: ExecuteRequest, onEvent: MrpEventHandler): Promise<void>;
  /** RU14: answers the pending question of `execId`; false when there is none (any more). */
  input(execId: string, text: string): Promise<boolean>;
  cancelInput(execId: string): Promise<boolean>;
  /** RU12: SIGINT; also unblocks `input()`. False when nothing runs. */
  interrupt(): Promise<boolean>;
  /** AG7. Rejects with {@link RuntimeUnavailableError} when the runtime cannot answer now. */
  introspect(question: MrpQuestion, body: unknown, signal?: AbortSignal): Promise<unknown>;
  reset(): Promise<void>;
  asset(id: string): Promise<{ bytes: Uint8Array; mimeType: string }>;
  /** Ends the process (native, sandbox); a registered runtime is only let go of. */
  close(): Promise<void>;
  /** Called once, when the process ends by itself or is gone; at once if it already is. Returns the unsubscribe function. */
  onExit(listener: (exit: RuntimeExit) => void): () => void;
}

/** Another execution holds the runtime (409). */
export class RuntimeBusyError extends Error {
  readonly execId: string | null;
  constructor(execId: string | null) {
    super('Another cell is running in this runtime.');
    this.name = 'RuntimeBusyError';
    this.execId = execId;
  }
}

/** The process ended; its variables are gone. */
export class RuntimeDiedError extends Error {
  readonly exit: RuntimeExit;
  constructor(exit: RuntimeExit) {
    super(exit.message);
    this.name = 'RuntimeDiedError';
    this.exit = exit;
  }
}

/** The runtime lives but cannot answer this now (503, or the budget ran out). */
export class RuntimeUnavailableError extends Error {
  constructor(message = 'The runtime is busy and cannot answer now.') {
    super(message);
    this.name = 'RuntimeUnavailableError';
  }
}

/** The runtime refused a request; `status` is the HTTP status it answered with. */
export class RuntimeRequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'RuntimeRequestError';
    this.status = status;
  }
}
