import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MrpEndpoint } from '@markco/agent/runtimes/mrp-http';
import { chooseInterpreter, startNativePython } from '@markco/agent/runtimes/native-python';
import { connectRegistered, discoverRuntimes } from '@markco/agent/runtimes/registered';
import { findBoxHost } from '@markco/agent/runtimes/sandbox/box-command';
import { createBoxDriver } from '@markco/agent/runtimes/sandbox/box-driver';
import { createPyodideDriver } from '@markco/agent/runtimes/sandbox/pyodide-driver';
import { runCell, textOf } from '@markco/testing/mrp-cases/run-cell';
import { mrpConformance } from '@markco/testing/mrp-conformance';
import { registerPython } from '@markco/testing/register-python';
import { afterAll } from 'vitest';

const run = promisify(execFile);
const folder = await realpath(await mkdtemp(join(tmpdir(), 'markco-conformance-')));
afterAll(() => rm(folder, { recursive: true, force: true }));
const native = process.platform !== 'win32';

/** The addresses that were asked for; without any, every runtime of ours that can be started here. */
const asked = JSON.parse(process.env.MRP_TARGETS ?? '[]') as string[];
for (const url of asked) await givenAddress(url);
if (asked.length === 0) await ours();

/** An MRP runtime somebody started. What it has is asked of its Python. */
async function givenAddress(url: string): Promise<void> {
  const secret = process.env.MRP_SECRET;
  const [endpoint] = await discoverRuntimes({ folder, configured: [{ url, ...(secret && { secret }) }] });
  if (!endpoint)
    throw new Error(`Nothing at ${url} answers GET /mrp/v1/capabilities. Is the runtime started, and does it need MRP_SECRET?`);
  if (!endpoint.languages.some((language) => /^py/i.test(language)))
    throw new Error(`The runtime at ${url} runs ${endpoint.languages.join(', ')}. The cells of the suite are Python.`);
  const runtime = await connectRegistered(endpoint);
  const script =
    'import importlib.util as u, os, sys\nprint(*[bool(u.find_spec(m)) for m in ("matplotlib", "pandas")], hasattr(os, "fork") and sys.platform != "emscripten")';
  const [plots, frames, processes] = textOf(await runCell(runtime, script))
    .trim()
    .split(' ');
  mrpConformance(url, async () => runtime, {
    processes: processes === 'True',
    matplotlib: plots === 'True' || 'no matplotlib',
    pandas: frames === 'True' || 'no pandas',
    endpoint: () => endpoint,
  });
}

async function ours(): Promise<void> {
  const python = process.env.MARKCO_TEST_PYTHON ?? '/usr/bin/python3';
  const bare = await chooseInterpreter({ projectRoot: folder });
  await run(bare.executable, ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
  const start = (venv: string) => () => startNativePython({ projectRoot: folder, venv, cwd: folder, session: 'default' });
  mrpConformance('native', start('.venv'), { processes: native, matplotlib: false, pandas: false });
  const [plots, frames, ipython] = await Promise.all(['matplotlib', 'pandas', 'IPython'].map((module) => has(python, module)));
  const rich = { processes: native, matplotlib: plots || 'no matplotlib', pandas: frames || 'no pandas' };
  const packages = [ipython && 'IPython', plots && 'matplotlib', frames && 'pandas'].filter(Boolean).join(', ');
  mrpConformance(`native with ${packages || 'no packages'}`, start(python), rich);
  mrpConformance('sandbox', () => createPyodideDriver().start({ session: 'default' }), {
    processes: false,
    matplotlib: false,
    pandas: false,
  });
  if (await findBoxHost(python)) mrpConformance('box', () => createBoxDriver(python).start({ session: 'default' }), rich);
  let endpoint: MrpEndpoint;
  const registered = async () => {
    const found = await registerPython(python);
    ({ endpoint } = found);
    return found.runtime;
  };
  mrpConformance('registered', registered, { ...rich, endpoint: () => endpoint });
}

function has(python: string, module: string): Promise<boolean> {
  return run(python, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  );
}
