import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@markco/testing/free-port';
import { WebSocket } from 'ws';
import { until } from '../../../lib/installation.ts';
import { execute, type TimedExecution } from './execute.ts';

/** One Python kernel of a Jupyter server, with its socket open, as a notebook in the browser has it. */
export interface JupyterKernel {
  /** "Jupyter Server 2.14, ipykernel 6.29, Python 3.12". */
  readonly version: string;
  /** One cell; ms since the request was sent. */
  run(code: string): Promise<TimedExecution>;
  stop(): Promise<void>;
}

const VERSIONS = `import sys, jupyter_server, ipykernel
print(f"Jupyter Server {jupyter_server.__version__}, ipykernel {ipykernel.__version__}, Python {sys.version.split()[0]}", end="")`;
/** Its guards against floods would drop what a cell prints. */
const NO_LIMITS = ['ServerApp', 'ZMQChannelsWebsocketConnection', 'ZMQChannelsHandler'].flatMap((owner) =>
  ['iopub_data_rate_limit', 'iopub_msg_rate_limit'].map((name) => `--${owner}.${name}=10000000000`),
);

/** Starts a server with a configuration of its own on a free port, and a kernel that is ready. */
export async function startJupyter(python: string): Promise<JupyterKernel> {
  const root = mkdtempSync(join(tmpdir(), 'markco-bench-jupyter-'));
  const { child, url, token } = await launch(python, root);
  const headers = { authorization: `token ${token}` };
  const stop = async () => {
    const ended = child.exitCode === null ? once(child, 'exit') : null;
    child.kill('SIGTERM');
    await ended;
    rmSync(root, { recursive: true, force: true });
  };
  try {
    const api = () => fetch(`${url}/api`, { headers, signal: AbortSignal.timeout(5_000) });
    await until('the Jupyter server answers', async () => child.exitCode === null && (await api()).ok);
    const made = await fetch(`${url}/api/kernels`, { method: 'POST', headers, body: JSON.stringify({ name: 'python3' }) });
    if (!made.ok) throw new Error(`POST /api/kernels answered ${made.status}: ${await made.text()}`);
    const { id } = (await made.json()) as { id: string };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/kernels/${id}/channels?session_id=${randomUUID()}`, {
      headers,
      perMessageDeflate: false,
    });
    await once(socket, 'open');
    // The first execution is answered when the kernel is ready.
    await execute(socket, 'pass');
    const version = spawnSync(python, ['-c', VERSIONS], { encoding: 'utf8' }).stdout;
    return {
      version,
      run: (code) => execute(socket, code),
      stop: async () => {
        socket.close();
        await fetch(`${url}/api/kernels/${id}`, { method: 'DELETE', headers }).catch(() => undefined);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(python: string, root: string): Promise<{ child: ChildProcess; url: string; token: string }> {
  const port = await freePort();
  const token = randomUUID();
  const options = { ip: '127.0.0.1', port, token, open_browser: 'False', root_dir: root, allow_root: 'True', port_retries: 0 };
  const args = Object.entries(options).map(([name, value]) => `--ServerApp.${name}=${value}`);
  const folders = ['JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'IPYTHONDIR'];
  const child = spawn(python, ['-m', 'jupyter_server', ...args, ...NO_LIMITS], {
    cwd: root,
    env: { ...process.env, ...Object.fromEntries(folders.map((name) => [name, join(root, name.toLowerCase())])) },
    stdio: 'ignore',
  });
  return { child, url: `http://127.0.0.1:${port}`, token };
}
