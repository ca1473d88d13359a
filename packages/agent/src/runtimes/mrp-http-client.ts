import type { IncomingMessage } from 'node:http';
import {
  type MrpCapabilities,
  mrpAccepted,
  mrpCancelled,
  mrpCapabilities,
  mrpHealth,
  mrpInterrupted,
  type RuntimeHealth,
} from '@markco/core/mrp/answers';
import { endStream, readStreamEvent, type StreamStep, startStream } from '@markco/core/mrp/normalise-stream';
import { MRP_QUESTIONS, type MrpQuestion } from '@markco/core/mrp/requests';
import { createParser } from 'eventsource-parser';
import { describeExit, type ExitWatch } from './exit-watch.ts';
import { callMrp, type MrpEndpoint, openMrp, readAll } from './mrp-http.ts';
import { type ExecuteRequest, type MrpEventHandler, RuntimeDiedError, RuntimeRequestError } from './runtime.ts';

/** AG7: how long a question may take before it is given up, in ms. */
const QUESTION_MS = 2_500;
const CALL_MS = 10_000;
/** A runtime that holds Python's lock answers nothing; after this the interrupt goes as a signal. */
const INTERRUPT_MS = 2_000;
/** How long after a broken stream the end of the process is waited for, in ms. */
const DEATH_MS = 1_500;

/** The protocol half of a runtime over HTTP and SSE; {@link file://./native-python.ts} and registered.ts add the process. */
export class MrpHttpClient {
  readonly #endpoint: MrpEndpoint;
  readonly #exit: ExitWatch;
  #current: string | null = null;
  #stream: IncomingMessage | null = null;

  constructor(endpoint: MrpEndpoint, exit: ExitWatch) {
    this.#endpoint = { ...endpoint, baseUrl: endpoint.baseUrl.replace(/\/mrp\/v1\/?$/, '') };
    this.#exit = exit;
  }

  /** Runtimes without `/health` that answer at all count by what we ourselves run in them. */
  async health(): Promise<RuntimeHealth> {
    try {
      return mrpHealth.parse(await this.#call('GET', '/health', undefined, 2_000));
    } catch (error) {
      if (!(error instanceof RuntimeRequestError) || error.status !== 404) throw error;
      return { state: this.#current ? 'busy' : 'idle', currentExecId: this.#current };
    }
  }

  async capabilities(): Promise<MrpCapabilities> {
    return mrpCapabilities.parse((await this.#call('GET', '/capabilities')) ?? {});
  }

  /** Runs one cell and passes its normalised events on; see Runtime.execute. */
  async execute(request: ExecuteRequest, onEvent: MrpEventHandler): Promise<void> {
    const body = { storeHistory: true, allowStdin: true, ...request };
    let response: IncomingMessage;
    try {
      response = await openMrp(this.#endpoint, 'POST', '/mrp/v1/execute/stream', { body });
    } catch (error) {
      if (isNetworkError(error)) throw new RuntimeDiedError(await this.#causeOfSilence());
      throw error;
    }
    this.#current = request.execId;
    this.#stream = response;
    try {
      await this.#pump(response, onEvent);
    } finally {
      this.#current = null;
      this.#stream = null;
      response.destroy();
    }
  }

  /** Stops listening to what runs, which goes on where it is; its `execute` ends as if the runtime had died, with the cause the exit has. */
  letGo(): void {
    this.#stream?.destroy();
  }

  async input(execId: string, text: string): Promise<boolean> {
    return mrpAccepted.parse(await this.#call('POST', '/input', { execId, exec_id: execId, text })).accepted;
  }

  async cancelInput(execId: string): Promise<boolean> {
    return mrpCancelled.parse(await this.#call('POST', '/input/cancel', { execId, exec_id: execId })).cancelled;
  }

  async interrupt(): Promise<boolean> {
    return mrpInterrupted.parse((await this.#call('POST', '/interrupt', {}, INTERRUPT_MS)) ?? {}).interrupted;
  }

  /** @throws ZodError when `body` does not fit the question */
  async introspect(question: MrpQuestion, body: unknown, signal?: AbortSignal): Promise<unknown> {
    const parsed = MRP_QUESTIONS[question].parse(body ?? {});
    if (question !== 'variable') return this.#call('POST', `/${question}`, parsed, QUESTION_MS, signal);
    const { name, ...rest } = parsed as { name: string };
    return this.#call('POST', `/variables/${encodeURIComponent(name)}`, rest, QUESTION_MS, signal);
  }

  async reset(): Promise<void> {
    await this.#call('POST', '/reset', { scope: ['namespace'] }, 30_000);
  }

  async asset(id: string): Promise<{ bytes: Uint8Array; mimeType: string }> {
    const response = await openMrp(this.#endpoint, 'GET', `/mrp/v1/assets/${encodeURIComponent(id)}`, { timeoutMs: 60_000 });
    const mimeType = String(response.headers['content-type'] ?? 'application/octet-stream')
      .split(';')[0]!
      .trim();
    return { bytes: await readAll(response), mimeType };
  }

  #call(method: 'GET' | 'POST', path: string, body?: unknown, timeoutMs = CALL_MS, signal?: AbortSignal): Promise<unknown> {
    return callMrp(this.#endpoint, method, `/mrp/v1${path}`, { body, timeoutMs, ...(signal && { signal }) });
  }

  /** Reads the stream to its end. `for await` stops reading while a handler's promise is pending: the printer has to wait. */
  async #pump(response: IncomingMessage, onEvent: MrpEventHandler): Promise<void> {
    let state = startStream();
    let queue: [string, string][] = [];
    const parser = createParser({ onEvent: (event) => queue.push([event.event ?? 'message', event.data]) });
    const pass = async (step: StreamStep): Promise<void> => {
      state = step.state;
      for (const event of step.events) await onEvent(event);
    };
    response.setEncoding('utf8');
    const chunks = response[Symbol.asyncIterator]();
    for (let chunk = await nextChunk(chunks); chunk !== null; chunk = await nextChunk(chunks)) {
      parser.feed(chunk);
      const ready = queue;
      queue = [];
      for (const [name, data] of ready) await pass(readStreamEvent(state, name, parseData(data)));
      if (state.done) return;
    }
    if (!state.outcome) await this.#throwIfDead();
    await pass(endStream(state));
  }

  async #throwIfDead(): Promise<void> {
    const exit = (await this.#exit.within(DEATH_MS)) ?? ((await this.#reachable()) ? null : await this.#causeOfSilence());
    if (exit) throw new RuntimeDiedError(exit);
  }

  async #reachable(): Promise<boolean> {
    return this.health().then(
      () => true,
      (error: unknown) => !isNetworkError(error),
    );
  }

  /** Nobody listens: the process' own end if we know it. */
  async #causeOfSilence() {
    const exit = await this.#exit.within(DEATH_MS);
    if (exit) return exit;
    const gone = { ...describeExit(null, null), message: 'The runtime can no longer be reached. Its variables are lost.' };
    this.#exit.settle(gone);
    return gone;
  }
}

/** The next piece of text; null at the end, however the connection ended. */
async function nextChunk(chunks: AsyncIterator<unknown>): Promise<string | null> {
  try {
    const next = await chunks.next();
    return next.done ? null : String(next.value);
  } catch {
    return null;
  }
}

function parseData(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

const NETWORK_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EHOSTUNREACH', 'ECONNABORTED']);
const isNetworkError = (error: unknown): boolean => NETWORK_CODES.has((error as NodeJS.ErrnoException)?.code ?? '');
