import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on which a process can be made to run out of space, for real. */
export interface SmallDisk {
  readonly kind: 'full disk' | 'file size limit';
  readonly dir: string;
  /** From now on the process cannot store more. */
  fill(pid: number): void;
  /** There is space again. */
  free(pid: number): void;
  remove(): void;
}

const CHUNK = Buffer.alloc(4_096, 'x');
const LIMIT_BYTES = 2_048;

/** A file system of its own with 2 MB in all; null where this process may not mount one. */
export function mountedDisk(): SmallDisk | null {
  const dir = mkdtempSync(join(tmpdir(), 'markco-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    rmSync(dir, { recursive: true });
    return null;
  }
  const ballast = join(dir, 'ballast');
  return {
    kind: 'full disk',
    dir,
    fill: () => fillUp(ballast),
    free: () => rmSync(ballast),
    remove: () => {
      execFileSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true });
    },
  };
}

/** RLIMIT_FSIZE: no file may grow beyond a size the process's files already have. Needs no rights. */
export function limitedDisk(): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), 'markco-small-files-'));
  const limit = (pid: number, bytes: string) => execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  return {
    kind: 'file size limit',
    dir,
    fill: (pid) => limit(pid, String(LIMIT_BYTES)),
    free: (pid) => limit(pid, 'unlimited'),
    remove: () => rmSync(dir, { recursive: true }),
  };
}

function fillUp(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, CHUNK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}
