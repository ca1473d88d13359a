import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CellRun, displaysOf, errorOf, runCell, startCell, textOf } from '@markco/testing/mrp-cases/run-cell';
import { mrpConformance } from '@markco/testing/mrp-conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { containedCases } from '../../test-support/contained-cases.ts';
import { RuntimeDiedError } from '../runtime.ts';
import { findBoxHost } from './box-command.ts';
import { createBoxDriver } from './box-driver.ts';
import type { SandboxOptions, SandboxRuntime } from './sandbox-driver.ts';

process.env.MARKCO_TEST_SECRET = 'do-not-leak-4711';
const python = process.env.MARKCO_TEST_PYTHON ?? '/usr/bin/python3';
const host = await findBoxHost(python);
const start = (options: Partial<SandboxOptions> = {}) => createBoxDriver(python).start({ session: 'default', ...options });
const skipped = host ? '' : ': skipped, bwrap or python3 is not installed or may not make namespaces here';

let server: Server;
let knocks = 0;
let plots = false;
let frames = false;
beforeAll(async () => {
  server = createServer((_, response) => response.end('inside')).on('connection', () => (knocks += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
afterEach(() => void vi.useRealTimers());

/** Pythons of this machine that were stopped by a signal. */
const standingStill = (): number =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+ \(python[^)]*\) T /.test(readFileSync(`/proc/${name}/stat`, 'utf8'));
    } catch {
      return false; // No process, or one that has just ended.
    }
  }).length;

if (host) {
  const probe = await start();
  plots = errorOf(await runCell(probe, 'import matplotlib')) === null;
  frames = errorOf(await runCell(probe, 'import pandas')) === null;
  await probe.close();
  mrpConformance("sandbox (bubblewrap, the machine's Python)", () => start(), {
    processes: true,
    matplotlib: plots || `skipped: ${host.python} has no matplotlib`,
    pandas: frames,
  });
}

if (host) containedCases('a box', start);

describe.skipIf(!host)(`AG6: escapes from a box${skipped}`, () => {
  let box: SandboxRuntime;
  beforeAll(async () => {
    box = await start({ files: { 'notes/a.md': '# Hällo', '../../etc/evil': 'x' } });
  });
  afterAll(() => box.close());
  const shows = async (code: string, on = box) => displaysOf(await runCell(on, code))[0]?.['text/plain'];
  /** A cell that must fail in Python, leaving the box alive. */
  const refuses = async (code: string): Promise<void> => {
    expect(errorOf(await runCell(box, code)), code).not.toBeNull();
    expect(await shows('"alive"')).toBe("'alive'");
  };
  const died = async (code: string, options: Partial<SandboxOptions>): Promise<RuntimeDiedError> => {
    const victim = await start(options);
    try {
      const cause = await startCell(victim, code).ended.catch((error: unknown) => error);
      expect(cause).toBeInstanceOf(RuntimeDiedError);
      return cause as RuntimeDiedError;
    } finally {
      await victim.close();
    }
  };

  it('the environment of the worker is not there, nor its processes', async () => {
    const text = textOf(
      await runCell(
        box,
        `import os
print(dict(os.environ), sorted(int(p) for p in os.listdir("/proc") if p.isdigit())[-1] < 100)
for p in ("/proc/1/environ", "/proc/self/environ"):
    try: print(open(p).read())
    except OSError as e: print(type(e).__name__)`,
      ),
    );
    expect(text).not.toMatch(/4711|MARKCO/);
    expect(text).toContain('True');
    await refuses(`import os\nos.kill(${process.pid}, 0)`);
  });

  it('files of the host are not there; the project documents are, as a copy', async () => {
    for (const path of ['/etc/passwd', '/etc/shadow', '/root', '/home', '/work', '/var/lib', import.meta.filename])
      await refuses(
        `import os\nopen(${JSON.stringify(path)}).read() if not os.path.isdir(${JSON.stringify(path)}) else os.listdir(${JSON.stringify(path)})[0]`,
      );
    expect(
      await shows(
        'import os\n(os.getcwd(), open("notes/a.md", encoding="utf-8").read(), sorted(os.listdir()), os.path.exists("/etc/evil"))',
      ),
    ).toBe("('/project', '# Hällo', ['notes'], False)");
    box.putFiles({ 'later.md': 'new' });
    expect(await shows('open("/project/later.md").read()')).toBe("'new'");
    for (const path of ['/usr/bin/evil', '/evil', '/dev/evil', '/run/markco/markco_mrp.py', '/proc/sys/kernel/hostname'])
      await refuses(`open(${JSON.stringify(path)}, "w").write("x")`);
  });

  it('the network is not there', async () => {
    const { port } = server.address() as AddressInfo;
    for (const code of [
      `import socket\nsocket.create_connection(("127.0.0.1", ${port}), 1)`,
      `import urllib.request\nurllib.request.urlopen("http://127.0.0.1:${port}", timeout=1).read()`,
      'import socket\nsocket.create_connection(("1.1.1.1", 80), 1)',
      'import subprocess\nsubprocess.run(["python3", "-c", "import socket; socket.create_connection((\'1.1.1.1\', 53), 1)"], check=True)',
      'import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect("/run/dbus/system_bus_socket")',
    ])
      await refuses(code);
    expect(knocks).toBe(0);
  });

  it('more rights are not to be had', async () => {
    for (const code of [
      'import os\nos.setuid(0)\nopen("/etc/shadow")',
      'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0',
      'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.ptrace(16, 1, 0, 0) == 0',
      'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.unshare(0x10000000) == 0',
      'import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0) == 0',
      'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.process_vm_readv(1, 0, 0, 0, 0, 0) == 0',
      'import subprocess\nsubprocess.run(["mount", "-o", "remount,rw", "/usr"], check=True)',
      'import resource\nresource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))',
    ])
      await refuses(code);
  });

  it('another box shares nothing', async () => {
    const other = await start();
    try {
      await runCell(other, 'mark = 1\nopen("/tmp/mark", "w").write("x")\nopen("/dev/shm/mark", "w").write("x")');
      expect(await shows('import os\n(os.path.exists("/tmp/mark"), os.path.exists("/dev/shm/mark"), "mark" in globals())')).toBe(
        '(False, False, False)',
      );
    } finally {
      await other.close();
    }
  });

  it('a memory bomb ends its own box, with the cause, also when it is shared among forks', async () => {
    const one = await died('hoard = []\nwhile True:\n    hoard.append(bytearray(b"x") * 10_000_000)', {
      limits: { memoryBytes: 300_000_000 },
    });
    expect(one.exit).toMatchObject({ outOfMemory: true, message: expect.stringContaining('300 MB') });
    const forks =
      'import os, time\nfor i in range(8):\n    if os.fork() == 0:\n        held = bytearray(b"x") * 60_000_000\n        time.sleep(60)\ntime.sleep(60)';
    const many = await died(forks, { limits: { memoryBytes: 300_000_000 } });
    expect(many.exit).toMatchObject({ outOfMemory: true });
  });

  it('one allocation far beyond the limit is an error of the cell', async () => {
    expect(errorOf(await runCell(box, 'x = bytearray(10**11)'))).toMatchObject({ type: 'MemoryError' });
  });

  it('a fork bomb ends its own box', async () => {
    const bomb = await died('import os\nwhile True:\n    try: os.fork()\n    except OSError: pass', {});
    expect(bomb.exit.message).toMatch(/processes/);
  });

  it('a bomb of threads ends its own box, also when it caught what it ran into', async () => {
    const bomb =
      'import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n    except BaseException: pass';
    expect((await died(bomb, {})).exit.message).toMatch(/more than 256 threads|used up what the sandbox has/);
  });

  it('signals to everyone and a process that stands still stay in the box', async () => {
    const victim = await start();
    const all = await startCell(victim, 'import os, signal\nos.kill(-1, signal.SIGKILL)').ended.catch((error: unknown) => error);
    if (all instanceof Error) expect(all).toBeInstanceOf(RuntimeDiedError);
    await victim.close();
    const still = await start();
    const run = startCell(still, 'import os, signal\ninput("stop?")\nos.kill(os.getpid(), signal.SIGSTOP)');
    await run.until((event) => event.event === 'stdin_request');
    await still.input(run.execId, '');
    await vi.waitFor(() => expect(standingStill()).toBeGreaterThan(0), { timeout: 120_000 });
    await still.close();
    await expect(run.ended).rejects.toBeInstanceOf(RuntimeDiedError);
    expect(await shows('"alive"')).toBe("'alive'");
  });

  it('files fill their own room and nothing else', async () => {
    for (const path of ['/project/big', '/tmp/big', '/dev/shm/big'])
      expect(errorOf(await runCell(box, `with open("${path}", "wb") as f:\n    for i in range(600): f.write(bytes(10**6))`))).toMatchObject(
        {
          type: 'OSError',
        },
      );
    await runCell(box, 'import os\nfor p in ("/project/big", "/tmp/big", "/dev/shm/big"):\n    os.remove(p)');
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
    expect(errorOf(await over.ended)).toMatchObject({ type: 'KeyboardInterrupt' });
    expect(await shows('kept', slow)).toBe('1');
    const stubborn = await runOver('import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint("go")\nwhile True: pass');
    vi.advanceTimersByTime(limits.graceMs);
    vi.useRealTimers();
    await expect(stubborn.ended).rejects.toMatchObject({
      exit: { outOfMemory: false, message: expect.stringContaining('limit of the sandbox') },
    });
    await slow.close();
  });

  it('whatever is written to the lines of the driver, it stays up', async () => {
    const hostile = await start();
    const lines = ['nonsense', '{"type":"event"}', '{"type":"finished","id":"other"}', '[]', 'null'].map((line) => `${line}\n`).join('');
    const code = `import os
for fd in range(3, 64):
    try: os.write(fd, ${JSON.stringify(lines)}.encode())
    except OSError: pass
print("on")`;
    const outcome = await startCell(hostile, code).ended.then(
      () => 'ended',
      (error: unknown) => error,
    );
    expect(outcome === 'ended' || outcome instanceof RuntimeDiedError).toBe(true);
    await hostile.close();
    expect(await shows('"alive"')).toBe("'alive'");
  });

  it('nothing of a box is left behind', async () => {
    const gone = await start();
    const { pid } = gone;
    await runCell(gone, 'import subprocess\nsubprocess.Popen(["sleep", "1000"])');
    await gone.close();
    expect(() => process.kill(pid!, 0)).toThrow();
  });
});
