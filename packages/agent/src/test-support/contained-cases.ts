import { createServer, type Server } from 'node:net';
import { displaysOf, errorOf, runCell, startCell, textOf } from '@markco/testing/mrp-cases/run-cell';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeDiedError } from '../runtimes/runtime.ts';
import type { SandboxOptions, SandboxRuntime } from '../runtimes/sandbox/sandbox-driver.ts';

type Start = (options?: Partial<SandboxOptions>) => Promise<SandboxRuntime>;

/** AG6: what code of strangers tries, whatever a sandbox is made of. Each try ends as an error of the cell or of its sandbox, in words. */
export function containedCases(name: string, start: Start): void {
  describe(`AG6: contained in ${name}`, () => {
    let sandbox: SandboxRuntime;
    beforeAll(async () => {
      sandbox = await start({ files: { 'notes/a.md': 'mine' } });
    });
    afterAll(() => sandbox?.close());
    const shows = async (code: string) => displaysOf(await runCell(sandbox, code))[0]?.['text/plain'];
    /** A cell that must fail in Python, leaving the sandbox alive. */
    const refuses = async (code: string): Promise<void> => {
      const error = errorOf(await runCell(sandbox, code));
      expect(error?.message || error?.type, code).toMatch(/\w{4}/);
      expect(await shows('"alive"')).toBe("'alive'");
    };
    const world = { sandbox: () => sandbox, start, shows, refuses };
    reachingOut(world);
    takingTooMuch(world);
    endingItself(world);
  });
}

interface World {
  sandbox: () => SandboxRuntime;
  start: Start;
  shows: (code: string) => Promise<unknown>;
  refuses: (code: string) => Promise<void>;
}

function reachingOut({ sandbox, start, shows, refuses }: World): void {
  let server: Server;
  let knocks = 0;
  const socket = `markco-escape-${process.pid}`;
  beforeAll(async () => {
    server = createServer((each) => each.end()).on('connection', () => (knocks += 1));
    // A name without a file: only a network namespace keeps a process from it.
    await new Promise<void>((resolve) =>
      process.platform === 'linux' ? server.listen(`\0${socket}`, resolve) : server.listen(0, resolve),
    );
  });
  afterAll(() => server.close());

  it('neither links nor the root folders of processes lead out', async () => {
    for (const path of ['/etc/shadow', '/root', '/proc/1/root/etc/shadow', `/proc/${process.pid}/root/etc/passwd`, process.cwd()]) {
      await refuses(
        `import os\nif os.path.lexists("link"): os.remove("link")\nos.symlink(${JSON.stringify(path)}, "link")\nos.listdir("link")[0] if os.path.isdir("link") else open("link").read()`,
      );
    }
    for (const path of [
      '/proc/1/root/home',
      `/proc/${process.pid}/environ`,
      `/proc/${process.pid}/fd`,
      '/proc/self/root/work',
      '/sys/kernel/debug',
    ])
      await refuses(
        `import os\nos.listdir(${JSON.stringify(path)})[0] if os.path.isdir(${JSON.stringify(path)}) else open(${JSON.stringify(path)}).read()`,
      );
  });

  it('local sockets reach nobody', async () => {
    for (const address of ['/var/run/docker.sock', '/tmp/.s.PGSQL.5432', `\\0${socket}`])
      await refuses(
        `import socket\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(1)\ns.connect("${address}")\ns.send(b"x")\nassert s.recv(1)`,
      );
    expect(knocks).toBe(0);
  });

  it('the documents of another project are nowhere', async () => {
    const other = await start({ files: { 'diary.md': 'TOP-SECRET-4711' } });
    try {
      expect(textOf(await runCell(other, 'print(open("diary.md").read())'))).toBe('TOP-SECRET-4711\n');
      const search = `import os
found = []
for root, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(root, f) not in ("/proc", "/sys", "/dev", "/usr", "/lib")]
    for name in files:
        if "diary" in name: found.append(name)
        try:
            path = os.path.join(root, name)
            if os.path.getsize(path) < 100_000 and b"TOP-SECRET-" + b"4711" in open(path, "rb").read(): found.append(path)
        except OSError: pass
found`;
      expect(await shows(search)).toBe('[]');
    } finally {
      await other.close();
    }
  });

  it('documents come in whatever a cell made of their folders', async () => {
    await runCell(sandbox(), 'import os, shutil\nshutil.rmtree("notes")\nopen("notes", "w").write("a file");');
    sandbox().putFiles({ 'notes/a.md': 'new', 'b.md': 'also new' });
    expect(await shows('open("b.md").read(), open("notes").read()')).toBe("('also new', 'a file')");
    await runCell(sandbox(), 'os.remove("notes"); os.remove("b.md"); os.symlink("/usr", "notes"); os.mkdir("b.md")');
    sandbox().putFiles({ 'notes/evil.md': 'x', 'b.md': 'x' });
    expect(await shows('os.path.exists("/usr/evil.md"), os.path.isdir("b.md")')).toMatch(/, True\)$/);
  });
}

function takingTooMuch({ sandbox, shows }: World): void {
  it('RU18: an output too large to keep is left out, in words', async () => {
    const events = await runCell(
      sandbox(),
      'class Bomb:\n    def _repr_html_(self): return "0" * 60_000_000\n    def __repr__(self): return "bomb"\nBomb()',
    );
    expect(errorOf(events)).toBeNull();
    expect(events.find((event) => event.event === 'warning')).toMatchObject({
      message: expect.stringContaining('60 MB (text/html) was left out'),
    });
    expect(displaysOf(events)).toEqual([{ 'text/plain': 'bomb' }]);
    expect(await shows('"alive"')).toBe("'alive'");
  });
}

function endingItself({ start, shows }: World): void {
  // Starting one takes seconds: a new one only where the one before has ended.
  let victim: SandboxRuntime | null = null;
  afterAll(() => victim?.close());
  /** How hostile code ends, which may be its sandbox's end: what the person reads. */
  const ending = async (code: string): Promise<string> => {
    victim ??= await start();
    try {
      const error = errorOf(await startCell(victim, code).ended);
      return error ? `${error.type}: ${error.message}` : 'nothing';
    } catch (error) {
      expect(error, code).toBeInstanceOf(RuntimeDiedError);
      await victim.close();
      victim = null;
      return (error as RuntimeDiedError).exit.message;
    }
  };

  it('code that ends or breaks its own process is told so, and nobody else notices', async () => {
    const tries: [string, string, RegExp][] = [
      ['nesting', 'import json\njson.loads("[" * 200_000)', /recurs/i],
      ['parentheses', 'eval("(" * 2_000 + ")" * 2_000)', /nested|recurs|memory/i],
      ['exit', 'import os\nos._exit(7)', /exit|sandbox|runtime ended/i],
      ['kill', 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nraise SystemExit("survived")', /killed|survived|sandbox|signal/i],
      ['stack', 'import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return max([x], key=f)\nf(1)', /recurs|memory|segmentation fault/i],
    ];
    for (const [name, code, words] of tries) expect(await ending(code), name).toMatch(words);
    expect(await shows('"alive"')).toBe("'alive'");
  });

  it('AG5: who asks a sandbox that has ended is told how it ended', async () => {
    const ended = victim ?? (await start());
    victim = null;
    await ended.close();
    await expect(startCell(ended, '1').ended).rejects.toBeInstanceOf(RuntimeDiedError);
  });
}
