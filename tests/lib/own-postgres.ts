import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '@markco/db/client';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { migrate } from '@markco/db/migrate';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { isRunning, statOf } from './is-running.ts';

/** A real, durable Postgres that a test may stop, hang and kill. It comes back on the same address, with what was committed. */
export class OwnPostgres {
  readonly dataDir: string;
  #server: EmbeddedPostgres;
  #frozen: number[] = [];
  readonly db: Db;

  private constructor(dataDir: string, server: EmbeddedPostgres) {
    this.dataDir = dataDir;
    this.#server = server;
    this.db = createDb({ connectionString: server.url, max: 4, applicationName: 'markco-test' });
  }

  static async start(): Promise<OwnPostgres> {
    const dataDir = await mkdtemp(join(tmpdir(), 'markco-chaos-pg-'));
    const server = await startEmbeddedPostgres({ dataDir, port: await freePort(), maxConnections: 60 });
    await migrate(server.url);
    return new OwnPostgres(dataDir, server);
  }

  get url(): string {
    return this.#server.url;
  }

  /** Fast: sessions are ended, what runs is rolled back. Immediate: as a crash; the next start recovers. */
  async stop(how: 'fast' | 'immediate'): Promise<void> {
    if (how === 'immediate') {
      process.kill(this.#server.pid, 'SIGQUIT');
      await until(() => !isRunning(this.#server.pid), 120_000, 'Postgres to stop at once');
    }
    await this.#server.stop();
  }

  /** After {@link stop}. */
  async start(): Promise<void> {
    this.#server = await startEmbeddedPostgres({ dataDir: this.dataDir, port: this.#server.port, maxConnections: 60 });
  }

  /** Every process of it stands still: connections stay, and nothing answers. */
  freeze(): void {
    this.#frozen = [this.#server.pid, ...childrenOf(this.#server.pid)];
    for (const pid of this.#frozen) send(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#frozen.splice(0).reverse()) send(pid, 'SIGCONT');
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.db.$disconnect();
    await this.#server.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => statOf(pid)?.[1] === String(parent)).map(Number);
}
