// Runs Python (Pyodide) on a thread of the sandbox's process. The process' main thread (sandbox-main.mjs) stays responsive: it
// sets the interrupt flag, hands answers to a blocked input() through shared memory, and watches memory.
import { constants, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { closeBuiltins, dropGlobals, freezeIntrinsics } from './sandbox-lockdown.mjs';

const { pyodideUrl, scripts, snapshot, shared, files } = workerData;
const port = parentPort;
const control = new Int32Array(shared.control);
const answer = new Uint8Array(shared.answer);
/** Slots of `control`; the same in sandbox-main.mjs. */
const ASK = 0;
const LENGTH = 1;
const IN_FLIGHT = 2;
const MAX_IN_FLIGHT = 1_000_000;
const [WAITING, ANSWERED, CANCELLED] = [1, 2, 3];
const decoder = new TextDecoder();
const { wait, load, store, add, exchange } = Atomics;
const flag = new Uint8Array(shared.interrupt);
const wasm = { fs: constants };

// Emscripten asks for the file constants this way; the permission model forbids the real one.
process.binding = () => wasm;
const { loadPyodide } = await import(pyodideUrl);
const pyodide = await loadPyodide({
  jsglobals: Object.create(null),
  env: { HOME: '/home/pyodide' },
  checkAPIVersion: false,
  ...(snapshot && { _loadSnapshot: readFileSync(snapshot).buffer }),
});
// Python reads the flag and then clears it; an interrupt in between would be lost. Here the read clears it, in one step.
pyodide.setInterruptBuffer({
  get 0() {
    return exchange(flag, 0, 0);
  },
  set 0(_) {},
});
putFiles(files);

/** Sends one piece of a cell's output; waits while the reader is far behind (RU18). */
function post(event, text) {
  if (event === 'stdin_request') store(control, ASK, WAITING);
  add(control, IN_FLIGHT, text.length);
  port.postMessage({ type: 'event', event, text });
  while (load(control, IN_FLIGHT) > MAX_IN_FLIGHT) {
    wait(control, IN_FLIGHT, load(control, IN_FLIGHT), 50);
    if (interrupted()) return;
  }
}

/** Blocks until the pending question is settled: "A" and the text, "C" cancelled, "I" interrupted. */
function ask() {
  while (load(control, ASK) === WAITING) {
    wait(control, ASK, WAITING, 50);
    if (interrupted()) break;
  }
  const state = load(control, ASK); // Still WAITING: interrupted.
  store(control, ASK, 0);
  if (state === ANSWERED) return `A${decoder.decode(answer.slice(0, load(control, LENGTH)))}`;
  if (state === CANCELLED) return 'C';
  clearInterrupt();
  return 'I';
}

const nap = new Int32Array(new SharedArrayBuffer(4));
const sleep = (seconds) => void wait(nap, 0, 0, seconds * 1000);
const interrupted = () => load(flag, 0) !== 0;
const clearInterrupt = () => store(flag, 0, 0);

function putFiles(entries) {
  pyodide.FS.mkdirTree('/project');
  for (const [path, text] of Object.entries(entries)) {
    const parts = path.split('/').filter((part) => part && part !== '.');
    if (parts.includes('..') || parts.length === 0) continue;
    try {
      pyodide.FS.mkdirTree(['/project', ...parts.slice(0, -1)].join('/'));
      pyodide.FS.writeFile(['/project', ...parts].join('/'), text);
    } catch {
      // A cell put something else in its place: its own affair.
    }
  }
}

function boot() {
  const site = pyodide.runPython('import sysconfig; sysconfig.get_paths()["purelib"]');
  for (const [name, path] of Object.entries(scripts)) pyodide.FS.writeFile(`${site}/${name}.py`, readFileSync(path, 'utf8'));
  // Without a prototype these functions are a dead end: nothing else of JavaScript hangs on them.
  const bare = [post, ask, sleep].map((fn) => Object.freeze(Object.setPrototypeOf(fn, null)));
  const connect = pyodide.runPython('import markco_sandbox; markco_sandbox.connect');
  const host = connect(...bare);
  connect.destroy();
  const methods = { execute: host.execute, question: host.question, features: JSON.parse(host.features()) };
  pyodide.globals.clear();
  return methods;
}

const host = boot();
closeBuiltins();
dropGlobals();
freezeIntrinsics();

port.on('message', (message) => {
  if (message.type === 'files') {
    putFiles(message.files);
    return;
  }
  let reply = null;
  try {
    if (message.type === 'execute') host.execute(message.execId, message.code, message.storeHistory, message.allowStdin);
    else reply = host.question(message.name, message.body);
  } catch (error) {
    // An interrupt may strike between our own lines, and the outcome is owed all the same. Anything else broke Python itself.
    if (error?.type !== 'KeyboardInterrupt') return port.postMessage({ type: 'broken', message: String(error?.message ?? error) });
    if (message.type === 'execute') post('error', JSON.stringify({ type: 'KeyboardInterrupt', message: '', traceback: [] }));
    else reply = '{"error":"runtime_busy"}';
  }
  clearInterrupt();
  port.postMessage({ type: 'finished', id: message.id, reply });
});
port.postMessage({ type: 'ready', python: pyodide.version, features: host.features });
