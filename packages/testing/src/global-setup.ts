import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { freePort } from './free-port.ts';
import { prepareTemplate } from './template.ts';

const PREFIX = 'markco-test-pg-';

/**
 * One Postgres for a whole vitest run, started when the first test asks for a database and stopped at the end. Tests ask over
 * a loopback address in MARKCO_TEST_DATABASE_BROKER; MARKCO_TEST_DATABASE_URL uses a server from outside instead.
 */
export default async function setup(): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../scripts/generate.mjs', import.meta.url))], { stdio: 'inherit' });
  const broker = await startBroker();
  process.env.MARKCO_TEST_DATABASE_BROKER = `http://127.0.0.1:${(broker.server.address() as AddressInfo).port}`;
  return () => broker.close();
}

async function startBroker(): Promise<{ server: Server; close(): Promise<void> }> {
  let answer: Promise<{ url: string; template: string }> | null = null;
  let running: { postgres: EmbeddedPostgres; dataDir: string } | null = null;
  const prepare = async () => {
    const outside = process.env.MARKCO_TEST_DATABASE_URL;
    if (!outside) running = await startPostgres();
    const url = outside ?? running!.postgres.url;
    return { url, template: await prepareTemplate(url) };
  };
  const server = createServer((_request, response) => {
    answer ??= prepare();
    answer.then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(String(error?.stack ?? error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await answer?.catch(() => {});
    if (!running) return;
    await running.postgres.stop();
    await rm(running.dataDir, { recursive: true, force: true });
  };
  return { server, close };
}

async function startPostgres() {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), PREFIX));
  return { dataDir, postgres: await startEmbeddedPostgres({ dataDir, port: await freePort(), durable: false, maxConnections: 300 }) };
}

/** Folders of runs that were killed; their Postgres stopped with them. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const dir = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && !(await ownerLives(dir))) await rm(dir, { recursive: true, force: true }).catch(() => {});
  }
}

async function ownerLives(dir: string): Promise<boolean> {
  try {
    const { pid } = JSON.parse(await readFile(join(dir, 'owner.json'), 'utf8')) as { pid: number };
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true;
    // Another run may be making this folder right now.
    return ((await stat(dir).catch(() => null))?.mtimeMs ?? 0) > Date.now() - 600_000;
  }
}
