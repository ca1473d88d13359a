import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SANDBOX_SOURCES, SNAPSHOT_MAKER } from './sandbox-command.ts';

const MAKE_MS = 120_000;
const made = new Map<string, Promise<string | null>>();

/**
 * The memory image of a Pyodide that has started (about 30 MB): made once for this version of Pyodide, Node and our scripts,
 * it brings a start from seconds to half a second. Null when it cannot be made; a sandbox then starts without.
 * @param folder where to keep it: must belong to this user alone
 */
export function sandboxSnapshot(folder = join(tmpdir(), `markco-pyodide-${process.getuid?.() ?? 'user'}`)): Promise<string | null> {
  const known = made.get(folder);
  if (known) return known;
  const work = make(folder).catch(() => null);
  made.set(folder, work);
  return work;
}

async function make(folder: string): Promise<string | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await stat(folder);
  if (process.getuid && (own.uid !== process.getuid() || (own.mode & 0o022) !== 0)) return null;
  const out = join(await realpath(folder), `${await fingerprint()}.bin`);
  if (!(await exists(out))) {
    await promisify(execFile)(process.execPath, ['--no-warnings', SNAPSHOT_MAKER, JSON.stringify({ ...SANDBOX_SOURCES, out })], {
      timeout: MAKE_MS,
      env: {},
    });
  }
  return out;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(process.version).update(process.arch);
  const pyodide = dirname(fileURLToPath(SANDBOX_SOURCES.pyodideUrl));
  const parts = [
    join(pyodide, 'package.json'),
    join(pyodide, 'pyodide-lock.json'),
    ...Object.values(SANDBOX_SOURCES.scripts),
    SNAPSHOT_MAKER,
  ];
  for (const path of parts) hash.update(await readFile(path));
  return hash.digest('hex').slice(0, 24);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
