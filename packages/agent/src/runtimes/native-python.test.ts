import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorOf, runCell, startCell, textOf } from '@markco/testing/mrp-cases/run-cell';
import { wireCases } from '@markco/testing/mrp-cases/wire-cases';
import { type MrpSubject, mrpConformance } from '@markco/testing/mrp-conformance';
import { registerPython } from '@markco/testing/register-python';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseInterpreter, SERVER_SCRIPT, startNativePython } from './native-python.ts';
import type { RegisteredEndpoint } from './registered.ts';
import { type Runtime, RuntimeDiedError } from './runtime.ts';

const run = promisify(execFile);
const folder = await realpath(await mkdtemp(join(tmpdir(), 'markco-native-')));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An environment with the standard library alone. */
const bare = await chooseInterpreter({ projectRoot: folder });
await run(bare.executable, ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
const has = (executable: string, module: string): Promise<boolean> =>
  run(executable, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  );

mrpConformance('native Python, standard library alone', () => startNativePython({ projectRoot: folder, cwd: folder, session: 'default' }), {
  processes: process.platform !== 'win32',
  matplotlib: false,
  pandas: false,
});

/** A Python with IPython and matplotlib, where the test tools could install one. */
const rich = process.env.MARKCO_TEST_PYTHON ?? '/usr/bin/python3';
const system = await chooseInterpreter({ projectRoot: folder, venv: rich });
const plots = await has(system.executable, 'matplotlib');
const ipython = await has(system.executable, 'IPython');
mrpConformance(
  `native Python, the system's${ipython ? ' with IPython' : ''}`,
  () => startNativePython({ projectRoot: folder, venv: rich, cwd: folder, session: 'default' }),
  {
    processes: process.platform !== 'win32',
    matplotlib: plots || `skipped: ${system.executable} has no matplotlib`,
    // Not among the tools of the tests; `npm run conformance` looks at it where it is installed.
    pandas: await has(system.executable, 'pandas'),
  },
);

it.skipIf(!ipython)('WB6: IPython clears outputs, and updates displays by their name', async () => {
  const runtime = await startNativePython({ projectRoot: folder, venv: rich, cwd: folder, session: 'default' });
  try {
    const code = `from IPython.display import clear_output
bar = display('0 %', display_id='bar')
bar.update('9 %')
clear_output(wait=True)`;
    const shown = (await runCell(runtime, code)).flatMap((event) => (event.event === 'display' ? [event] : []));
    expect(shown.map(({ metadata }) => metadata)).toMatchObject([
      { display_id: 'bar' },
      { display_id: 'bar', update: true },
      { clear_output: true, wait: true },
    ]);
    expect(shown.map(({ data }) => data['text/plain'] ?? null)).toEqual(["'0 %'", "'9 %'", null]);
  } finally {
    await runtime.close();
  }
});

describe('a registered Python (AG4b)', () => {
  const subject = {} as MrpSubject;
  let endpoint: RegisteredEndpoint;
  beforeAll(async () => {
    ({ runtime: subject.runtime, endpoint } = await registerPython(bare.executable));
  });
  afterAll(() => subject.runtime?.close());
  wireCases(subject, () => ({ baseUrl: endpoint.baseUrl }));
});

describe('native Python (AG4, AG5)', () => {
  let runtime: Runtime;
  const start = () => startNativePython({ projectRoot: folder, cwd: folder, session: 'default' });
  beforeAll(async () => {
    runtime = await start();
  });
  afterAll(() => runtime.close());

  it('AG4a: takes the project environment and says so', () => {
    expect(runtime.label).toMatch(/^Python 3\.\d+ \(\.venv\)$/);
    expect(runtime).toMatchObject({ kind: 'native', language: 'python', cwd: folder });
  });

  it('AG4a: names every place it looked at when there is no interpreter', async () => {
    const nowhere = chooseInterpreter({ projectRoot: join(folder, 'empty'), venv: '../other', path: '' });
    await expect(nowhere).rejects.toThrow(/other.*\.venv.*python3 on PATH.*Install Python/s);
  });

  it('AG3: does not leave its secret in the environment, of cells or of their children', async () => {
    const events = await runCell(
      runtime,
      'import os, subprocess\nprint([k for k in os.environ if "MARKCO" in k])\nsubprocess.run("env | grep -c MARKCO", shell=True);',
    );
    expect(textOf(events)).toBe('[]\n0\n');
  });

  it('AG3: refuses callers without the secret, and web pages', async () => {
    const server = spawn(bare.executable, [SERVER_SCRIPT], {
      env: { ...process.env, MARKCO_MRP_SECRET: 'right' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const { port } = JSON.parse(line.toString()) as { port: number };
      const status = async (headers: Record<string, string>): Promise<number> =>
        (await fetch(`http://127.0.0.1:${port}/mrp/v1/health`, { headers })).status;
      expect(await status({})).toBe(401);
      expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
      expect(await status({ authorization: 'Bearer right', origin: 'https://evil.example' })).toBe(403);
      expect(await status({ authorization: 'Bearer right' })).toBe(200);
      server.stdin.end();
      await once(server, 'exit');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('AG5: a crash is told with its cause', async () => {
    const victim = await start();
    const exits: string[] = [];
    victim.onExit((exit) => exits.push(exit.message));
    const died = await startCell(victim, 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)').ended.catch((error: unknown) => error);
    expect(died).toBeInstanceOf(RuntimeDiedError);
    expect((died as RuntimeDiedError).exit).toMatchObject({ signal: 'SIGKILL', outOfMemory: true });
    expect(exits).toEqual([(died as RuntimeDiedError).message]);
    const second = await start();
    await expect(startCell(second, 'import os\nos._exit(7)').ended).rejects.toMatchObject({
      exit: { code: 7 },
      message: expect.stringContaining('exit code 7'),
    });
  });

  it('close() ends the process and what its cells started', async () => {
    const victim = await start();
    const events = await runCell(victim, 'import subprocess\nchild = subprocess.Popen(["sleep", "600"])\nprint(child.pid)');
    const child = Number(textOf(events));
    await victim.close();
    await expect.poll(() => isAlive(child)).toBe(false);
    expect(await isAlive(victim.pid!)).toBe(false);
  });

  it('RU18: printing faster than anyone reads holds the printer back', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let seen = 0;
    const done = runtime.execute({ execId: 'flood', code: 'line = "x" * 9999\nfor i in range(5000):\n    print(line)' }, async (event) => {
      if (event.event === 'stdout') seen += event.content.length;
      await gate;
    });
    const rss = async (): Promise<number> => Number((await run('ps', ['-o', 'rss=', '-p', String(runtime.pid)])).stdout);
    await expect.poll(async () => (await runtime.health()).state).toBe('busy');
    expect(await rss()).toBeLessThan(120_000);
    release();
    await done;
    expect(seen).toBe(50_000_000);
    expect(await rss()).toBeLessThan(120_000);
  });

  it('RU18: displays hold the printer back as well', async () => {
    const script = `import importlib.util
spec = importlib.util.spec_from_file_location('markco_mrp', ${JSON.stringify(SERVER_SCRIPT)})
mrp = importlib.util.module_from_spec(spec); spec.loader.exec_module(mrp)
stream = mrp.EventStream()
for _ in range(2): stream.put('display', {'data': {'text/html': 'x' * 600_000}, 'metadata': {}})
full = stream.size > mrp.HIGH_WATER
stream.take(0); stream.take(0)
print(full, stream.size)`;
    expect((await run(bare.executable, ['-c', script])).stdout).toBe('True 0\n');
  });

  it('traceback lines are those of the cell, also through earlier cells', async () => {
    await runCell(runtime, '\n\ndef broken():\n    raise ValueError("x")');
    const error = errorOf(await runCell(runtime, 'a = 1\nbroken()'))!;
    expect(error.line).toBe(2);
    expect(error.traceback.join('\n')).toContain('raise ValueError("x")');
  });
});

/** A process that runs; a zombie nobody has collected yet does not. */
async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}
