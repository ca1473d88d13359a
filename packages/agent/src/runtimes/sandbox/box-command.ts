import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { boxSeccomp } from './box-seccomp.ts';
import { type SandboxCommand, type SandboxUser, SYSTEM_FOLDERS } from './sandbox-command.ts';
import type { SandboxLimits } from './sandbox-driver.ts';

const run = promisify(execFile);
const RUNNER = realpathSync(fileURLToPath(new URL('../../../runtime', import.meta.url)));
const SCRIPTS = ['markco_boxed.py', 'markco_mrp.py'];
/** What Python and its libraries read of a system; a path that is not there is left out. */
const SYSTEM = [...SYSTEM_FOLDERS, '/etc/alternatives', '/etc/ld.so.cache', '/etc/localtime', '/etc/matplotlibrc'];
const MB = 1024 * 1024;
/** Room for files, in bytes; it is memory. */
const ROOM = { '/project': 256 * MB, '/tmp': 64 * MB, '/dev/shm': 64 * MB };
/** What a person without any rights is called on most systems. */
const NOBODY: SandboxUser = { uid: 65_534, gid: 65_534 };
/** Threads and processes of the user that sandboxes run as; the watch over one sandbox is stricter. */
const MAX_PROCESSES = 512;

/** What boxes can be made of here. */
export interface BoxHost {
  /** The interpreter, by its real path. */
  readonly python: string;
  /** Folders outside the system's that it needs. */
  readonly prefixes: readonly string[];
  /** Whom boxes run as, if not us: a limit on processes does not hold for root. */
  readonly user: SandboxUser | null;
  /** What matplotlib knows of the fonts here, so that no box has to look for them; null where there is no matplotlib. */
  readonly fonts: { readonly name: string; readonly list: Buffer } | null;
}

const known = new Map<string, Promise<BoxHost | null>>();

/**
 * What boxes can be made of on this machine; null where `bwrap` or the Python is missing or may not be used. Asked once a process.
 * @param python a command or a path
 */
export function findBoxHost(python = 'python3'): Promise<BoxHost | null> {
  const host = known.get(python) ?? find(python).catch(() => null);
  known.set(python, host);
  return host;
}

async function find(command: string): Promise<BoxHost | null> {
  const asked = await run(command, ['-I', '-c', 'import json,sys;print(json.dumps([sys.executable,sys.prefix,sys.base_prefix]))']);
  const [executable, ...prefixes] = (JSON.parse(asked.stdout) as string[]).map((path) => realpathSync(path));
  const python = { python: executable!, prefixes: [...new Set(prefixes)].filter((path) => !isSystem(path)), fonts: null };
  for (const user of process.getuid?.() === 0 ? [NOBODY, null] : [null]) {
    const host = { ...python, user };
    if ((await runInBox(host, 'import resource')) !== null) return { ...host, fonts: await findFonts(host) };
  }
  return null;
}

/** What a script of ours prints in a box; null where it fails. */
function runInBox(host: BoxHost, script: string): Promise<string | null> {
  const limits = { timeout: 60_000, maxBuffer: 16 * MB, ...host.user };
  return run('bwrap', [...boxArgs(host), host.python, '-c', script], limits).then(
    ({ stdout }) => stdout,
    () => null,
  );
}

async function findFonts(host: BoxHost): Promise<BoxHost['fonts']> {
  const script =
    'import matplotlib.font_manager, pathlib, matplotlib; f = next(pathlib.Path(matplotlib.get_cachedir()).glob("fontlist*")); print(f.name + "\\n" + f.read_text())';
  const found = /^(fontlist[\w.-]+)\n(.+)$/s.exec((await runInBox(host, script)) ?? '');
  return found ? { name: found[1]!, list: Buffer.from(found[2]!) } : null;
}

const isSystem = (path: string): boolean => SYSTEM.some((root) => path === root || path.startsWith(`${root}/`));

/** No network, no other processes, an empty environment, nothing of the disk but the system's programs, dead with us. */
function boxArgs({ prefixes }: BoxHost): string[] {
  const readable = [...SYSTEM, ...prefixes].flatMap((path) => ['--ro-bind-try', path, path]);
  const rooms = Object.entries(ROOM).flatMap(([path, bytes]) => ['--size', String(bytes), '--tmpfs', path]);
  return [
    ...[
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--new-session',
      '--cap-drop',
      'ALL',
      '--hostname',
      'sandbox',
      '--clearenv',
    ],
    ...['--setenv', 'HOME', '/tmp', '--setenv', 'LANG', 'C.UTF-8', '--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin'],
    ...[...readable, '--proc', '/proc', '--dev', '/dev', ...rooms],
    // What is left is memory without a limit: nobody may write there.
    ...['--dir', '/run/markco', '--remount-ro', '/dev', '--chdir', '/project'],
  ];
}

/** AG6: the command of one box. Our scripts go in as descriptors, because the folder they lie in may be ours alone. */
export function boxCommand(host: BoxHost, limits: SandboxLimits): SandboxCommand {
  const resources = {
    // A backstop; the watch over the resident memory speaks first. Reserved memory counts here too, and libraries reserve much.
    DATA: limits.memoryBytes * 4,
    FSIZE: ROOM['/project'],
    NPROC: MAX_PROCESSES,
    NOFILE: 1024,
    CORE: 0,
  };
  const files: (string | Buffer)[] = [];
  const descriptor = (file: string | Buffer): string => String(2 + files.push(file));
  const scripts = SCRIPTS.flatMap((name) => ['--ro-bind-data', descriptor(join(RUNNER, name)), `/run/markco/${name}`]);
  const fonts = host.fonts ? ['--file', descriptor(host.fonts.list), `/tmp/.cache/matplotlib/${host.fonts.name}`] : [];
  const filter = boxSeccomp();
  const seccomp = filter ? ['--seccomp', descriptor(filter)] : [];
  const start = [host.python, '-s', '-B', '/run/markco/markco_boxed.py', JSON.stringify(resources)];
  return {
    file: 'bwrap',
    args: [...boxArgs(host), ...scripts, ...fonts, ...seccomp, '--remount-ro', '/', ...start],
    files,
    ...(host.user && { user: host.user }),
  };
}
