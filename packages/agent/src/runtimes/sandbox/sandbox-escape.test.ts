import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CellRun, displaysOf, errorOf, runCell, startCell, textOf } from '@markco/testing/mrp-cases/run-cell';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { containedCases } from '../../test-support/contained-cases.ts';
import { RuntimeDiedError } from '../runtime.ts';
import { createPyodideDriver } from './pyodide-driver.ts';
import { hasBubblewrap, type Isolation } from './sandbox-command.ts';
import type { SandboxOptions, SandboxRuntime } from './sandbox-driver.ts';

process.env.MARKCO_TEST_SECRET = 'do-not-leak-4711';
const bubblewrap = await hasBubblewrap();
let server: Server;
let knocks = 0;
beforeAll(async () => {
  server = createServer((_, response) => {
    knocks += 1;
    response.end('inside');
  });
  server.on('connection', () => (knocks += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
afterEach(() => void vi.useRealTimers());
const port = (): number => (server.address() as AddressInfo).port;

for (const isolation of ['process', 'bubblewrap'] as const) {
  const can = isolation === 'process' || bubblewrap;
  describe.skipIf(!can)(
    `AG6: escapes from a sandbox (${isolation}${can ? '' : ': skipped, bwrap is not installed or may not make namespaces here'})`,
    () => escapes(isolation),
  );
}

containedCases('a sandbox (process alone)', (options) =>
  createPyodideDriver({ isolation: 'process' }).start({ session: 'default', ...options }),
);

function escapes(isolation: Isolation): void {
  const start = (options: Partial<SandboxOptions> = {}) => createPyodideDriver({ isolation }).start({ session: 'default', ...options });
  let sandbox: SandboxRuntime;
  beforeAll(async () => {
    sandbox = await start({ files: { 'notes/a.md': '# Hällo', '../../etc/evil': 'x' } });
  });
  afterAll(() => sandbox.close());
  const error = async (code: string) => errorOf(await runCell(sandbox, code));
  /** A cell that must fail in Python, leaving the sandbox alive. */
  const refuses = async (code: string): Promise<void> => {
    expect(await error(code), code).not.toBeNull();
    expect(displaysOf(await runCell(sandbox, '"alive"'))).toEqual([{ 'text/plain': "'alive'" }]);
  };

  it('js and pyodide_js are empty, and stay so when imported anew', async () => {
    for (const code of [
      'import js\njs.process',
      'import js\njs.fetch("http://127.0.0.1")',
      'from js import globalThis',
      'import pyodide_js\npyodide_js.mountNodeFS("/h", "/etc")',
      'import pyodide_js\npyodide_js.constructor.constructor("return process")()',
      'import sys, importlib\nfor n in ("js", "pyodide_js", "pyodide_js._api"): sys.modules.pop(n, None)\nimport pyodide_js\npyodide_js.FS',
      'from pyodide.code import run_js\nrun_js("process.env")',
    ])
      await refuses(code);
  });

  it('objects of the language lead neither to code from strings nor to the host', async () => {
    const reach = 'from pyodide.ffi import to_js\na = to_js([1, 2])\nF = a.constructor.constructor\n';
    for (const code of [
      'F("return process")()',
      'F.new("return globalThis")',
      'F.constructor("return this")()',
      'a.constructor.prototype.push = print\na.push(3); raise ValueError(a.length)',
    ])
      await refuses(reach + code);
    for (const name of ['process', 'require', 'fetch', 'globalThis', 'WebSocket'])
      await refuses(`${reach}getattr(a.constructor, "${name}")`);
  });

  it('a callback planted on a prototype is refused', async () => {
    const code = `from pyodide.ffi import to_js, create_proxy
a = to_js([1]); caught = []
trap = create_proxy(lambda *args: caught.append(args))
for owner in (a.constructor.prototype, a.constructor.constructor.prototype, to_js({}).constructor.prototype):
    for name in ("push", "call", "then", "get", "toString"):
        try:
            setattr(owner, name, trap)
        except BaseException:
            pass
print(a); a.push(2)
len(caught)`;
    expect(displaysOf(await runCell(sandbox, code))).toEqual([{ 'text/plain': '0' }]);
  });

  it('no bridge to JavaScript lies about in Python', async () => {
    const code = `import gc, sys
held = [o for o in gc.get_objects() if type(o).__name__ == "JsProxy"]
named = [n for n, m in list(sys.modules.items()) if any(hasattr(m, k) for k in ("FS", "mountNodeFS", "fetch", "_nodeSock"))]
finders = [f for f in sys.meta_path if getattr(f, "jsproxies", None)]
(held, named, finders)`;
    expect(displaysOf(await runCell(sandbox, code))).toEqual([{ 'text/plain': '([], [], [])' }]);
  });

  it('the environment of the worker is not there', async () => {
    const events = await runCell(
      sandbox,
      'import os\nprint(dict(os.environ))\nfor p in ("/proc/self/environ", "/proc/1/environ"):\n    try: print(open(p).read())\n    except OSError as e: print(type(e).__name__)',
    );
    expect(textOf(events)).not.toContain('4711');
    expect(textOf(events)).not.toContain('MARKCO');
  });

  it('files of the host are not there; the project documents are, as a copy', async () => {
    for (const path of ['/etc/passwd', '/work', '/root', process.execPath, import.meta.filename])
      await refuses(`open(${JSON.stringify(path)}).read()`);
    const events = await runCell(
      sandbox,
      'import os\nprint(os.getcwd(), open("notes/a.md", encoding="utf-8").read(), sorted(os.listdir("/project")), os.path.exists("/etc/evil"))',
    );
    expect(textOf(events)).toBe("/project # Hällo ['notes'] False\n");
    sandbox.putFiles({ 'later.md': 'new' });
    expect(textOf(await runCell(sandbox, 'print(open("/project/later.md").read())'))).toBe('new\n');
  });

  it('the network is not there', async () => {
    const address = `("127.0.0.1", ${port()})`;
    for (const code of [
      `import socket\ns = socket.socket()\ns.settimeout(1)\ns.connect(${address})\ns.send(b"x")\nprint(s.recv(1))`,
      `import urllib.request\nurllib.request.urlopen("http://127.0.0.1:${port()}", timeout=1).read()`,
      `from pyodide.http import pyfetch\nawait pyfetch("http://127.0.0.1:${port()}")`,
      `from pyodide.http import open_url\nopen_url("http://127.0.0.1:${port()}")`,
      'from pyodide.ffi import run_sync\nimport js\nrun_sync(js.fetch("http://127.0.0.1"))',
      `import asyncio\nawait asyncio.wait_for(asyncio.open_connection("127.0.0.1", ${port()}), 1)`,
      'import socket\nsocket.create_connection(("1.1.1.1", 80), 1).send(b"x")',
    ])
      await refuses(code);
    expect(knocks).toBe(0);
  });

  it('processes and threads are not there', async () => {
    for (const code of [
      'import os\nos.system("id")',
      'import os\nos.fork()',
      'import subprocess\nsubprocess.run(["id"])',
      'import os\nos.execv("/bin/sh", ["sh"])',
    ])
      await refuses(code);
  });

  if (isolation === 'bubblewrap') return; // The rest is the same whatever stands around the process.

  it('the interpreter itself, asked through ctypes, leads to no code from strings and to nothing of the host', async () => {
    const call = (name: string, code: string) =>
      `import ctypes\nlib = ctypes.CDLL(None)\nf = lib.${name}\nf.restype = ctypes.c_char_p\nprint(f(${JSON.stringify(code)}.encode()))`;
    let victim = await start();
    for (const [name, code] of [
      ['emscripten_run_script_string', 'JSON.stringify(process.env)'],
      ['system', 'id'],
    ] as const) {
      const ended = await startCell(victim, call(name, code)).ended.catch((error: unknown) => error);
      if (ended instanceof RuntimeDiedError) {
        expect(ended.exit.message).toMatch(/sandbox/);
        victim = await start();
      } else expect(textOf(ended as Awaited<ReturnType<typeof runCell>>)).not.toMatch(/4711|uid=/);
    }
    await victim.close();
  });

  it('another sandbox shares nothing', async () => {
    const other = await start();
    try {
      await runCell(other, 'mark = 1\nopen("/tmp/mark", "w").write("x")\nimport builtins\nbuiltins.mark = 1');
      expect(
        displaysOf(await runCell(sandbox, 'import os\n(os.path.exists("/tmp/mark"), "mark" in globals(), hasattr(__builtins__, "mark"))')),
      ).toEqual([{ 'text/plain': '(False, False, False)' }]);
    } finally {
      await other.close();
    }
  });

  it('a memory bomb ends its own sandbox, with the cause', async () => {
    const victim = await start({ limits: { memoryBytes: 400_000_000 } });
    const died = await startCell(victim, 'hoard = []\nwhile True:\n    hoard.append(b"x" * 10_000_000)').ended.catch(
      (cause: unknown) => cause,
    );
    expect(died).toBeInstanceOf(RuntimeDiedError);
    expect((died as RuntimeDiedError).exit).toMatchObject({ outOfMemory: true, message: expect.stringContaining('400 MB') });
    await victim.close();
  });

  it('a cell over its time is interrupted, one that will not stop is ended', async () => {
    const limits = { wallMs: 60_000, graceMs: 30_000 };
    const slow = await start({ limits });
    // The time of cells passes where this says so: what stays within it may take as long as the machine needs.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const runOver = async (code: string): Promise<CellRun> => {
      const run = startCell(slow, code);
      await run.until(({ event }) => event === 'stdout');
      vi.advanceTimersByTime(limits.wallMs);
      await run.until(({ event }) => event === 'warning');
      return run;
    };
    const over = await runOver('kept = 1\nprint("go")\nwhile True: pass');
    const events = await over.ended;
    expect(errorOf(events)).toMatchObject({ type: 'KeyboardInterrupt' });
    expect(events.find((event) => event.event === 'warning')).toMatchObject({ message: expect.stringContaining('limit') });
    expect(displaysOf(await runCell(slow, 'kept'))).toEqual([{ 'text/plain': '1' }]);
    const stubborn = await runOver('print("go")\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass');
    vi.advanceTimersByTime(limits.graceMs);
    vi.useRealTimers();
    await expect(stubborn.ended).rejects.toMatchObject({
      exit: { outOfMemory: false, message: expect.stringContaining('limit of the sandbox') },
    });
    await slow.close();
  });

  it('RU18: printing without end holds the printer back', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let seen = 0;
    const done = sandbox.execute({ execId: 'flood', code: 'line = "x" * 9999\nfor i in range(2000):\n    print(line)' }, async (event) => {
      if (event.event === 'stdout') seen += event.content.length;
      await gate;
    });
    await expect.poll(async () => (await sandbox.health()).state).toBe('busy');
    release();
    await done;
    expect(seen).toBe(20_000_000);
  });
}
