import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { SandboxLimits } from './sandbox-driver.ts';

/** What stands around the process besides Node's permission model. */
export type Isolation = 'process' | 'bubblewrap';

/** A command line. */
export interface SandboxCommand {
  file: string;
  args: string[];
  /** Opened for it, from descriptor 3 on: files by their path, or bytes. */
  files?: (string | Buffer)[];
  /** As whom it runs, where that can be chosen. */
  user?: SandboxUser;
}

/** An account of the system, by its numbers. */
export interface SandboxUser {
  uid: number;
  gid: number;
}

/** Where a Linux system keeps its programs and their libraries: what every box may read. */
export const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib64', '/bin'];

const RUNNER = realpathSync(fileURLToPath(new URL('../../../runtime', import.meta.url)));
const PYODIDE = realpathSync(dirname(createRequire(import.meta.url).resolve('pyodide/package.json')));

/** What a sandbox is made of; the snapshot is made of the same. */
export const SANDBOX_SOURCES = {
  pyodideUrl: pathToFileURL(join(PYODIDE, 'pyodide.mjs')).href,
  scripts: { markco_mrp: join(RUNNER, 'markco_mrp.py'), markco_sandbox: join(RUNNER, 'markco_sandbox.py') },
};
export const SNAPSHOT_MAKER = join(RUNNER, 'sandbox-snapshot.mjs');

/**
 * AG6: Node with nothing but reading Pyodide's and the runner's folders, no code from strings, a bounded heap.
 * `--allow-worker` is there for the thread Python runs on; that thread closes the door behind itself.
 */
export function sandboxCommand(isolation: Isolation, limits: SandboxLimits, snapshot: string | null): SandboxCommand {
  const heapMb = Math.max(128, Math.round(limits.memoryBytes / 1e6 / 2));
  const permission = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const options = {
    ...SANDBOX_SOURCES,
    snapshot,
    memoryBytes: limits.memoryBytes,
    heapMb,
  };
  const node = [
    permission,
    `--allow-fs-read=${PYODIDE}/*`,
    `--allow-fs-read=${RUNNER}/*`,
    ...(snapshot ? [`--allow-fs-read=${snapshot}`] : []),
    '--allow-worker',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--max-old-space-size=${heapMb}`,
    join(RUNNER, 'sandbox-main.mjs'),
    JSON.stringify(options),
  ];
  const executable = realpathSync(process.execPath);
  if (isolation === 'process') return { file: executable, args: node };
  return { file: 'bwrap', args: [...bubblewrapArgs([executable, PYODIDE, RUNNER, ...(snapshot ? [snapshot] : [])]), executable, ...node] };
}

/** No network, no other processes, no files but the system's libraries and `readable`, an empty environment, dead with us. */
export function bubblewrapArgs(readable: string[]): string[] {
  const system = SYSTEM_FOLDERS.flatMap((path) => ['--ro-bind-try', path, path]);
  const ours = readable.flatMap((path) => ['--ro-bind', path, path]);
  return [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--clearenv',
    ...system,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    ...ours,
    '--chdir',
    '/tmp',
  ];
}

let probe: Promise<boolean> | null = null;

/** Whether `bwrap` is installed and may make namespaces here. Asked once a process. */
export function hasBubblewrap(): Promise<boolean> {
  probe ??= promisify(execFile)('bwrap', [...bubblewrapArgs([]), '/bin/true'], { timeout: 5_000 }).then(
    () => true,
    () => false,
  );
  return probe;
}
