import { z } from 'zod';
import { type MrpResult, mrpAsset, mrpDisplay, mrpError, mrpResult } from './result.ts';
import { type MrpStreamEvent, STREAM_LOST } from './stream-event.ts';

/** What has been seen of one stream. Treat as opaque; every step returns a new one. */
export interface StreamState {
  readonly stdout: number;
  readonly stderr: number;
  readonly displays: number;
  /** What recognises the `text/plain` of the last displays, to find the result's text among them. */
  readonly plains: readonly string[];
  readonly assets: ReadonlySet<string>;
  readonly outcome: boolean;
  readonly done: boolean;
}

/** A step's answer: the state to go on with and the events to pass on. */
export interface StreamStep {
  state: StreamState;
  events: MrpStreamEvent[];
}

/** The state before the first event. */
export const startStream = (): StreamState => ({
  stdout: 0,
  stderr: 0,
  displays: 0,
  plains: [],
  assets: new Set(),
  outcome: false,
  done: false,
});

const output = z.looseObject({ content: z.string().optional(), accumulated: z.string().optional() });
const start = z.looseObject({ execId: z.string().optional().catch(undefined), timestamp: z.number().optional().catch(undefined) });
const question = z.looseObject({
  prompt: z.string().catch('').default(''),
  password: z.boolean().catch(false).default(false),
  execId: z.string().optional().catch(undefined),
});
const warning = z.union([z.string(), z.looseObject({ message: z.string() })]);

/**
 * Reads one server-sent event. Bears what runtimes are known to do: `seq` restarts (it is not looked at), `accumulated`
 * with or without `content`, displays and output only inside the result, unknown events and bodies (ignored), a failed
 * `result` instead of an `error`, a second outcome (ignored).
 * @param name the SSE event name; @param data its parsed JSON
 */
export function readStreamEvent(state: StreamState, name: string, data: unknown): StreamStep {
  if (state.done) return { state, events: [] };
  const read = READERS[name];
  return read ? read(state, data) : { state, events: [] };
}

/** The stream ended (cleanly or not): what is still owed. Without an outcome that is a {@link STREAM_LOST} error. */
export function endStream(state: StreamState): StreamStep {
  if (state.done) return { state, events: [] };
  const events: MrpStreamEvent[] = [];
  if (!state.outcome) {
    const message = 'The connection to the runtime broke while the code was running. It may still run; its further output is lost.';
    events.push({ event: 'error', error: { type: STREAM_LOST, message, traceback: [] } });
  }
  events.push({ event: 'done' });
  return { state: { ...state, outcome: true, done: true }, events };
}

const asObject = (data: unknown): object => (typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {});

type Reader = (state: StreamState, data: unknown) => StreamStep;

const READERS: Record<string, Reader> = {
  start: (state, data) => {
    const found = start.safeParse(data).data;
    return { state, events: [{ event: 'start', execId: found?.execId, timestamp: found?.timestamp }] };
  },
  stdout: (state, data) => readOutput(state, 'stdout', data),
  stderr: (state, data) => readOutput(state, 'stderr', data),
  stdin_request: (state, data) => {
    const found = question.safeParse(data);
    if (!found.success) return { state, events: [] };
    const { prompt, password, execId } = found.data;
    return { state, events: [{ event: 'stdin_request', prompt, password, execId }] };
  },
  display: (state, data) => {
    const found = mrpDisplay.safeParse(data).data;
    if (!found) return { state, events: [] };
    // Older runtimes send what they keep as a file in place of the data.
    if (found.asset && Object.keys(found.data).length === 0) return READERS.asset!(state, found.asset);
    return addDisplay(state, found.data, found.metadata);
  },
  asset: (state, data) => {
    const found = mrpAsset.safeParse(data);
    if (!found.success || state.assets.has(found.data.id)) return { state, events: [] };
    return { state: { ...state, assets: new Set([...state.assets, found.data.id]) }, events: [{ event: 'asset', asset: found.data }] };
  },
  warning: (state, data) => {
    const found = warning.safeParse(data).data;
    if (found === undefined) return { state, events: [] };
    return { state, events: [{ event: 'warning', message: typeof found === 'string' ? found : found.message }] };
  },
  result: readResult,
  error: (state, data) => {
    if (state.outcome) return { state, events: [] };
    const error = mrpError.parse(asObject(data));
    const { executionCount, duration } = error as { executionCount?: unknown; duration?: unknown };
    const more = { ...(typeof executionCount === 'number' && { executionCount }), ...(typeof duration === 'number' && { duration }) };
    return { state: { ...state, outcome: true }, events: [{ event: 'error', error, ...more }] };
  },
  done: (state) => endStream(state),
};

/** `accumulated` alone is everything so far: the part not yet passed on is its end. */
function readOutput(state: StreamState, stream: 'stdout' | 'stderr', data: unknown): StreamStep {
  const found = output.safeParse(data).data;
  const content = found?.content ?? found?.accumulated?.slice(state[stream]) ?? '';
  if (!content) return { state, events: [] };
  return { state: { ...state, [stream]: state[stream] + content.length }, events: [{ event: stream, content }] };
}

/** Enough of a text to know it again, without keeping all of it. */
const keyOf = (text: string): string => `${text.length}:${text.slice(0, 200)}`;

function addDisplay(state: StreamState, data: Record<string, unknown>, metadata: Record<string, unknown>): StreamStep {
  const plain = data['text/plain'];
  return {
    state: {
      ...state,
      displays: state.displays + 1,
      plains: typeof plain === 'string' ? [...state.plains.slice(-63), keyOf(plain)] : state.plains,
    },
    events: [{ event: 'display', data, metadata }],
  };
}

function readResult(state: StreamState, data: unknown): StreamStep {
  if (state.outcome) return { state, events: [] };
  const result = mrpResult.parse(asObject(data));
  const owed = owedByResult(state, result);
  const last: MrpStreamEvent =
    !result.success && result.error
      ? { event: 'error', error: result.error, ...(typeof result.executionCount === 'number' && { executionCount: result.executionCount }) }
      : { event: 'result', result };
  return { state: { ...owed.state, outcome: true }, events: [...owed.events, last] };
}

/** Output, displays and assets that came in the result alone, and its text when no display showed it. */
function owedByResult(state: StreamState, result: MrpResult): StreamStep {
  let step: StreamStep = { state, events: [] };
  const add = (name: string, data: unknown): void => {
    const next = readStreamEvent(step.state, name, data);
    step = { state: next.state, events: [...step.events, ...next.events] };
  };
  if (state.stdout === 0 && result.stdout) add('stdout', { content: result.stdout });
  if (state.stderr === 0 && result.stderr) add('stderr', { content: result.stderr });
  if (state.displays === 0) for (const display of result.displayData) add('display', display);
  for (const asset of result.assets) add('asset', asset);
  if (result.result && !step.state.plains.includes(keyOf(result.result))) add('display', { data: { 'text/plain': result.result } });
  return step;
}
