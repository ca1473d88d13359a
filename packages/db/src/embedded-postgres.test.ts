import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from './embedded/process-info.ts';
import { choosePort } from './embedded/secrets.ts';
import { AlreadyRunning, startEmbeddedPostgres } from './embedded-postgres.ts';

vi.mock(import('./embedded/secrets.ts'), async (original) => {
  const real = await original();
  return { ...real, choosePort: vi.fn(real.choosePort) };
});

let home: string;
let dataDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  // 0700, as mktemp makes it: as root, the user "postgres" may not pass it.
  home = await mkdtemp(join(tmpdir(), 'markco-embedded-'));
  await chmod(home, 0o700);
  dataDir = join(home, 'postgres');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function nullIfRunning(error: unknown): null {
  if (error instanceof AlreadyRunning) return null;
  throw error;
}

/** Starts Postgres in a process of its own, which then waits to be killed. */
async function startElsewhere(): Promise<{ child: ChildProcess; url: string; pid: number }> {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(fileURLToPath(new URL('./embedded-postgres.ts', import.meta.url)))});
    const { url, pid } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(JSON.stringify({ url, pid }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const line = await new Promise<string>((resolve) => child.stdout?.once('data', (data) => resolve(String(data))));
  return { child, ...(JSON.parse(line) as { url: string; pid: number }) };
}

describe('embedded Postgres', () => {
  it('takes another port where somebody was faster', async () => {
    const faster = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => faster.listen(0, '127.0.0.1', resolve));
    const { port } = faster.address() as AddressInfo;
    vi.mocked(choosePort).mockResolvedValueOnce(port);
    const started = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(started.port).not.toBe(port);
    expect(await query(started.url, 'SELECT 1 AS value')).toEqual([{ value: 1 }]);
    await started.stop();
    faster.close();
  });

  it('starts under a closed folder, listens on loopback only, and keeps data, port and password', async () => {
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS value');
    const [settings] = await query(first.url, `SELECT current_setting('listen_addresses') AS listen, current_setting('timezone') AS zone`);
    expect(settings).toEqual({ listen: '127.0.0.1', zone: 'UTC' });
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 42 }]);
    await second.stop();
  });

  it('refuses a folder that another running process has, and that one goes on', async () => {
    const { url } = await startElsewhere();
    await expect(startEmbeddedPostgres({ dataDir, durable: false })).rejects.toThrow(AlreadyRunning);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('stops with its owner after kill -9, and the next start has all that was committed', async () => {
    const { child, url, pid } = await startElsewhere();
    await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
    child.kill('SIGKILL');
    // At once, while the old server may still be going down.
    const attempt = () => startEmbeddedPostgres({ dataDir, durable: false }).catch(nullIfRunning);
    const next = await vi.waitUntil(attempt, 60_000);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 60_000);
    expect(await query(next.url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
    await next.stop();
  });

  it('recovers from kill -9 of the server itself, and from a lock file that names an innocent process', async () => {
    const first = await startEmbeddedPostgres({ dataDir });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
    process.kill(first.pid, 'SIGKILL');
    await vi.waitFor(() => expect(isAlive(first.pid)).toBe(false), 60_000);
    await first.stop();
    const lock = join(dataDir, 'cluster/pgdata/postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await writeFile(lock, text.replace(/^\d+/, String(process.pid)));
    const second = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 1 }]);
    await second.stop();
  });

  it('begins anew where preparing the cluster was cut short', async () => {
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    await first.stop();
    await rm(join(dataDir, 'cluster/pgdata'), { recursive: true });
    await writeFile(join(dataDir, 'cluster/pgdata.new'), 'half');
    const second = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
  });
});
