import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '..', '..', 'packages/agent/bin/markco.mjs');

/** A `markco` command under way. */
export interface Command {
  child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  done: Promise<number>;
}

/** Starts `markco …` as a person would in a terminal, with settings in `agentDir`. `input` comes through a pipe. */
export function markco(agentDir: string, args: string[], env: NodeJS.ProcessEnv = {}, input?: string): Command {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, MARKCO_AGENT_DIR: agentDir, MARKCO_KEYRING: 'off', MARKCO_DEVICE_NAME: 'Test laptop', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}).end(input);
  let log = '';
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-500_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const done = new Promise<number>((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1))));
  return { child, output: () => log, done };
}

/** Runs a command to its end; rejects with its output when it fails. */
export async function markcoDone(agentDir: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const command = markco(agentDir, args, env);
  const code = await command.done;
  if (code !== 0) throw new Error(`markco ${args.join(' ')} ended with ${code}:\n${command.output()}`);
  return command.output();
}

/** Ends a running command, cleanly or with SIGKILL, and waits for it. */
export async function end(command: Command, signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
  if (command.child.exitCode === null) command.child.kill(signal);
  return command.done;
}
