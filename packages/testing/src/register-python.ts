import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_SCRIPT } from '@markco/agent/runtimes/native-python';
import { connectRegistered, discoverRuntimes, type RegisteredEndpoint } from '@markco/agent/runtimes/registered';
import type { Runtime } from '@markco/agent/runtimes/runtime';

/**
 * A Python runtime that somebody else started and registered (AG4b): it listens without a secret, and a file in a folder like
 * `~/.mrmd/runtimes` says where. Found and connected to as the agent does. Closing it ends the process, too.
 */
export async function registerPython(python: string): Promise<{ runtime: Runtime; endpoint: RegisteredEndpoint }> {
  const folder = await mkdtemp(join(tmpdir(), 'markco-registered-'));
  const child = spawn(python, [SERVER_SCRIPT], { cwd: folder, detached: process.platform !== 'win32', stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.stdin.destroy();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const ended = exited.then(() => Promise.reject(new Error(`${python} did not start the runtime`)));
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  const { port, pid } = JSON.parse(line.toString()) as { port: number; pid: number };
  const entry = { pid, port, url: `http://127.0.0.1:${port}`, venv: null, cwd: folder };
  await writeFile(join(folder, 'somebodys-python.json'), JSON.stringify(entry));
  const [endpoint] = await discoverRuntimes({ folder });
  if (!endpoint) {
    await close();
    throw new Error(`the runtime registered in ${folder} was not found`);
  }
  const runtime = await connectRegistered(endpoint);
  return { runtime: { ...runtime, close: () => runtime.close().then(close) }, endpoint };
}
