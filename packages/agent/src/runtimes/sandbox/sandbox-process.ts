import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeExit, ExitWatch } from '../exit-watch.ts';
import type { SandboxCommand } from './sandbox-command.ts';

/** One line from a sandbox. Anything else it says is ignored: the other side may be hostile. */
export interface SandboxMessage {
  type: string;
  id?: unknown;
  event?: unknown;
  data?: unknown;
  reply?: unknown;
  reason?: unknown;
  message?: unknown;
}

/** No line of an honest sandbox is longer, in characters: an asset of 50 MB in base64 is the longest. */
const MAX_LINE = 80_000_000;

/** The process of one sandbox and the JSON lines to and from it. Not a listening socket in sight (AG3). */
export class SandboxProcess {
  readonly exit = new ExitWatch();
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #verdict: { reason: string; message: string } | null = null;
  #stopping = false;
  #tail = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.pid = child.pid;
    child.stdin!.on('error', () => undefined);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-4_000);
    });
    child.on('error', (error) => this.#end(null, null, `The sandbox could not be started: ${error.message}.`));
    child.on('close', (code, signal) => this.#end(code, signal));
  }

  /** Starts it with an empty environment in a private, empty folder. */
  static async start(command: SandboxCommand): Promise<SandboxProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'markco-sandbox-'));
    const files = await Promise.all((command.files ?? []).map((file, i) => openFile(file, join(folder, String(i)))));
    try {
      const child = spawn(command.file, command.args, {
        cwd: folder,
        env: {},
        stdio: ['pipe', 'pipe', 'pipe', ...files.map(({ fd }) => fd)],
        detached: process.platform !== 'win32',
        ...command.user,
      });
      return new SandboxProcess(child, folder);
    } finally {
      for (const file of files) void file.close();
    }
  }

  send(message: Record<string, unknown>): void {
    if (!this.exit.exit) this.#child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  /** Reads lines until the process ends. While `onMessage` is pending nothing more is read (RU18). */
  async read(onMessage: (message: SandboxMessage) => void | Promise<void>): Promise<void> {
    let rest = '';
    this.#child.stdout!.setEncoding('utf8');
    for await (const chunk of this.#child.stdout!) {
      rest += chunk;
      if (!rest.includes('\n')) {
        if (rest.length > MAX_LINE) return this.kill('protocol', 'The sandbox sent a line without end.');
        continue;
      }
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const message = parse(line);
        if (message?.type === 'fatal') this.#verdict = { reason: String(message.reason), message: String(message.message) };
        else if (message) await onMessage(message);
      }
    }
  }

  /** Ends the process for a reason that the person is told. */
  kill(reason: string, message: string): void {
    this.#verdict ??= { reason, message };
    this.#signal();
  }

  /** Ends the process because nobody needs it. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#signal();
    if (!this.exit.exit) await this.exit.within(5_000);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #signal(): void {
    const { pid } = this.#child;
    if (!pid || this.exit.exit) return;
    try {
      process.platform === 'win32' ? this.#child.kill('SIGKILL') : process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  #end(code: number | null, signal: string | null, failure?: string): void {
    const lost = ' Its variables are lost; the next run starts a fresh session.';
    const verdict = this.#verdict;
    if (this.#stopping) this.exit.settle({ code, signal, outOfMemory: false, message: 'The sandbox was stopped. Its variables are gone.' });
    else if (failure) this.exit.settle({ code, signal, outOfMemory: false, message: failure });
    else if (verdict) this.exit.settle({ code, signal, outOfMemory: verdict.reason === 'memory', message: verdict.message + lost });
    else this.exit.settle(describeExit(code, signal, this.#tail));
    void rm(this.#folder, { recursive: true, force: true });
  }
}

/** Bytes go through a file of their own, which is gone with the sandbox. */
async function openFile(file: string | Buffer, path: string): Promise<FileHandle> {
  if (typeof file === 'string') return open(file);
  await writeFile(path, file);
  return open(path);
}

function parse(line: string): SandboxMessage | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && typeof (value as SandboxMessage).type === 'string'
      ? (value as SandboxMessage)
      : null;
  } catch {
    return null;
  }
}
