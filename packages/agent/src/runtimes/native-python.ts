import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@markco/core/errors';
import { chooseInterpreter, type Interpreter } from './choose-interpreter.ts';
import { describeExit, ExitWatch } from './exit-watch.ts';
import { MrpHttpClient } from './mrp-http-client.ts';
import type { Runtime, RuntimeExit } from './runtime.ts';

export { chooseInterpreter } from './choose-interpreter.ts';

/** Our MRP server: one Python file, which the sandbox loads too. */
export const SERVER_SCRIPT = fileURLToPath(new URL('../../runtime/markco_mrp.py', import.meta.url));
const READY_MS = 30_000;

/** How to start a native Python session. `cwd` absolute; `env` is added to this process' own environment. */
export interface NativePythonOptions {
  projectRoot: string;
  venv?: string | undefined;
  cwd: string;
  /** The session's name, for people. */
  session: string;
  env?: Record<string, string>;
}

/**
 * AG4a: starts our MRP server with the project's interpreter, in its own process group, and answers when it listens.
 * It ends with this process, whatever happens to us: its stdin is the lifeline.
 * @throws AppError when no interpreter is found or it does not start
 */
export async function startNativePython(options: NativePythonOptions): Promise<Runtime> {
  const interpreter = await chooseInterpreter(options);
  const secret = randomBytes(24).toString('base64url');
  const child = spawn(interpreter.executable, [SERVER_SCRIPT], {
    cwd: options.cwd,
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env: { ...withoutOurs(process.env), ...environmentOf(interpreter), ...options.env, MARKCO_MRP_SECRET: secret },
  });
  const exit = watchExit(child);
  const port = await readyPort(child, exit, interpreter);
  const client = new MrpHttpClient({ baseUrl: `http://127.0.0.1:${port}`, secret }, exit);
  const { languageVersion } = await client.capabilities();
  const version = typeof languageVersion === 'string' ? languageVersion.split('.').slice(0, 2).join('.') : '';
  return asRuntime(
    client,
    child,
    exit,
    options.cwd,
    `Python ${version} (${interpreter.venv ? basename(interpreter.venv) : interpreter.name})`,
  );
}

function asRuntime(client: MrpHttpClient, child: ChildProcess, exit: ExitWatch, cwd: string, label: string): Runtime {
  return {
    id: randomUUID(),
    kind: 'native',
    language: 'python',
    label,
    pid: child.pid!,
    cwd,
    health: () => client.health(),
    capabilities: () => client.capabilities(),
    execute: (request, onEvent) => client.execute(request, onEvent),
    input: (execId, text) => client.input(execId, text),
    cancelInput: (execId) => client.cancelInput(execId),
    interrupt: () => client.interrupt().catch(() => killGroup(child, 'SIGINT')),
    introspect: (question, body, signal) => client.introspect(question, body, signal),
    reset: () => client.reset(),
    asset: (id) => client.asset(id),
    close: () => closeChild(child, exit),
    onExit: (listener) => exit.on(listener),
  };
}

/** SE2: what the agent was configured with (its token's file among it) is not the cells' business. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MARKCO_')));

/** What activating the environment would set, so that child processes find the same Python. */
function environmentOf(interpreter: Interpreter): Record<string, string> {
  if (!interpreter.venv) return {};
  const bin = process.platform === 'win32' ? `${interpreter.venv}\\Scripts;` : `${interpreter.venv}/bin:`;
  return { VIRTUAL_ENV: interpreter.venv, PATH: bin + (process.env.PATH ?? '') };
}

/** Processes we are ending ourselves: their end is no crash. */
const stopping = new WeakSet<ChildProcess>();
const stopped = (code: number | null, signal: string | null): RuntimeExit => ({
  code,
  signal,
  outOfMemory: false,
  message: 'The runtime was stopped. Its variables are gone.',
});

function watchExit(child: ChildProcess): ExitWatch {
  const exit = new ExitWatch();
  let tail = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-8_000);
  });
  child.stdin!.on('error', () => undefined);
  child.on('error', (error) => exit.settle({ ...describeExit(null, null), message: `Python could not be started: ${error.message}.` }));
  child.on('exit', (code, signal) => {
    const settle = (): void => exit.settle(stopping.has(child) ? stopped(code, signal) : describeExit(code, signal, tail));
    child.stderr!.once('end', settle);
    setTimeout(settle, 200);
  });
  return exit;
}

/** The port from the one line the server prints when it listens. */
function readyPort(child: ChildProcess, exit: ExitWatch, interpreter: Interpreter): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      killGroup(child, 'SIGKILL');
      reject(new AppError('unavailable', `The Python runtime (${interpreter.executable}) did not start. ${why}`));
    };
    const timer = setTimeout(() => fail('It was silent for 30 seconds; the machine may be overloaded. Try again.'), READY_MS);
    const off = exit.on((cause) => fail(cause.message));
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      off();
      child.stdout!.removeAllListeners('data').resume();
      resolve((JSON.parse(text.slice(0, text.indexOf('\n'))) as { port: number }).port);
    });
  });
}

/** Signals the whole group: what the code started ends with it. False when it is gone already. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return false;
  try {
    return process.platform === 'win32' ? child.kill(signal) : process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

async function closeChild(child: ChildProcess, exit: ExitWatch): Promise<void> {
  stopping.add(child);
  child.stdin!.destroy();
  if (exit.exit || (await exit.within(500))) return;
  killGroup(child, 'SIGKILL');
  await exit.within(5_000);
}
