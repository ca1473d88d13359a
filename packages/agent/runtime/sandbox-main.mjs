// The main thread of a sandbox process (AG6): JSON lines on stdin and stdout, nothing else. It never runs the person's code.
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

const options = JSON.parse(process.argv[2]);
/** Room for the longest answer the server takes. */
const ANSWER_BYTES = 262_144;
const shared = { control: new SharedArrayBuffer(16), answer: new SharedArrayBuffer(ANSWER_BYTES), interrupt: new SharedArrayBuffer(1) };
const control = new Int32Array(shared.control);
const answer = new Uint8Array(shared.answer);
const flag = new Uint8Array(shared.interrupt);
const [ASK, LENGTH, IN_FLIGHT] = [0, 1, 2];
const [WAITING, ANSWERED, CANCELLED] = [1, 2, 3];
const encoder = new TextEncoder();

let currentId = null; // the running execution or question
let batch = null; // output of this tick: {event, text, size}

const lines = createInterface({ input: process.stdin });
lines.once('line', (first) => start(JSON.parse(first)));

function start({ files }) {
  const worker = new Worker(new URL('./sandbox-worker.mjs', import.meta.url), {
    workerData: { pyodideUrl: options.pyodideUrl, scripts: options.scripts, snapshot: options.snapshot, shared, files },
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
  });
  worker.on('message', (message) => fromWorker(message));
  worker.on('error', (error) => fail('crashed', String(error?.message ?? error)));
  worker.on('exit', () => fail('crashed', 'Python stopped.'));
  lines.on('line', (line) => fromDriver(worker, JSON.parse(line)));
  lines.on('close', () => process.exit(0));
  setInterval(() => {
    if (process.memoryUsage.rss() > options.memoryBytes)
      fail('memory', `The code used more than ${Math.round(options.memoryBytes / 1e6)} MB of memory.`);
  }, 100);
}

/** Says why and ends the process: whatever is left of the sandbox is not to be trusted. */
function fail(reason, message) {
  process.stdout.write(`${JSON.stringify({ type: 'fatal', reason, message: message.slice(0, 500) })}\n`, () =>
    process.exit(reason === 'memory' ? 137 : 1),
  );
  setTimeout(() => process.exit(1), 1_000);
}

function send(message, size = 0) {
  process.stdout.write(`${JSON.stringify(message)}\n`, () => {
    if (size === 0) return;
    Atomics.sub(control, IN_FLIGHT, size);
    Atomics.notify(control, IN_FLIGHT);
  });
}

function flush() {
  if (!batch) return;
  const { event, parts, size } = batch;
  batch = null;
  send({ type: 'event', id: currentId, event, data: { content: parts.join('') } }, size);
}

function fromWorker(message) {
  if (message.type === 'event') return fromCell(message.event, message.text);
  flush();
  if (message.type === 'broken') {
    const why = String(message.message).split('\n')[0];
    return fail(
      'crashed',
      /call stack|stack overflow/i.test(why)
        ? 'The code recursed deeper than the sandbox can.'
        : `Python in the sandbox broke down: ${why}.`,
    );
  }
  if (message.type !== 'finished') return send(message);
  if (currentId === message.id) currentId = null;
  send(message);
}

function fromCell(event, text) {
  if (event === 'stdout' || event === 'stderr') {
    if (batch && (batch.event !== event || batch.size > 32_768)) flush();
    if (!batch) {
      batch = { event, parts: [], size: 0 };
      setImmediate(flush);
    }
    batch.parts.push(text);
    batch.size += text.length;
    return;
  }
  flush();
  send({ type: 'event', id: currentId, event, data: JSON.parse(text) }, text.length);
}

/** The driver sends one execution or question at a time; the rest only touches shared memory. */
function fromDriver(worker, message) {
  if (message.type === 'execute' || message.type === 'question') {
    currentId = message.id;
    Atomics.store(flag, 0, 0);
    worker.postMessage(message);
  } else if (message.type === 'interrupt') {
    if (currentId !== message.id) return;
    Atomics.store(flag, 0, 2);
    Atomics.notify(control, ASK);
  } else if (message.type === 'input') {
    settle(message.text);
  } else if (message.type === 'files') {
    worker.postMessage(message);
  }
}

/** Answers the pending question; `text` null dismisses it. */
function settle(text) {
  if (Atomics.load(control, ASK) !== WAITING) return;
  const bytes = encoder.encode(text ?? '').subarray(0, answer.length);
  answer.set(bytes);
  Atomics.store(control, LENGTH, bytes.length);
  Atomics.store(control, ASK, text === null ? CANCELLED : ANSWERED);
  Atomics.notify(control, ASK);
}
