import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localDevice, tokenCreate, workerToken } from '@markco/api/admin';
import type { Db } from '@markco/db/client';
import { testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { AgentProxy } from './agent-proxy.ts';
import { until } from './installation.ts';
import { NodeProcess } from './node-process.ts';
import { OwnPostgres } from './own-postgres.ts';
import { Phone, type PhoneDocument } from './phone.ts';
import { RELAY_SECRET, RelayProcess } from './relay-process.ts';
import { recordRunStates } from './run-states.ts';

const BUILD = fileURLToPath(new URL('../../scripts/lib/ensure-built.mjs', import.meta.url));

/** The notebook's path in the linked folder. */
export const NOTEBOOK = 'chaos.md';

export interface RunWorldOptions {
  /** The code of each cell of the notebook. */
  cells: readonly string[];
  /** How many web processes share the database. The agent speaks to the first. */
  webs?: number;
  worker?: boolean;
  /** A Postgres that may be stopped; see {@link RunWorld.postgres}. */
  ownPostgres?: boolean;
}

/** Web processes, relay, agent and (if asked) worker as processes of their own, with a linked folder of one notebook. */
export class RunWorld {
  readonly db: Db;
  readonly folder: string;
  /** Everything the processes keep on disk, but for Postgres. */
  readonly root: string;
  readonly webs: readonly NodeProcess[];
  readonly phones: readonly Phone[];
  readonly proxy: AgentProxy;
  readonly agent: NodeProcess;
  readonly worker: NodeProcess | null;
  readonly postgres: OwnPostgres | null;
  /** The person's access token. */
  readonly token: string;
  relay: RelayProcess;
  projectId = '';
  deviceId = '';
  notebook!: PhoneDocument;
  readonly #ports: readonly number[];
  readonly #startRelay: () => RelayProcess;
  readonly #dropDatabase: () => Promise<void>;

  private constructor(parts: Parts) {
    const { database, root, ports, syncPort, proxy, tokens } = parts;
    this.db = database.db;
    this.postgres = parts.postgres;
    this.token = tokens.phone;
    this.folder = join(root, 'folder');
    this.root = root;
    this.#ports = ports;
    this.proxy = proxy;
    this.#dropDatabase = database.drop;
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    this.webs = ports.map(
      (port) => new NodeProcess('apps/web/server.ts', webEnv({ databaseUrl: database.url, port, publicUrl: urls[0]!, syncPort, root })),
    );
    this.phones = urls.map((url) => Phone.withToken(url, tokens.phone));
    this.agent = new NodeProcess('packages/agent/src/cli/main.ts', agentEnv(join(root, 'agent'), proxy.url), ['agent']);
    this.worker = tokens.worker
      ? new NodeProcess('packages/agent/src/worker-main.ts', {
          MARKCO_SERVER: urls.at(-1)!,
          MARKCO_WORKER_TOKEN: tokens.worker,
          MARKCO_AGENT_DIR: join(root, 'worker'),
        })
      : null;
    this.#startRelay = () => new RelayProcess({ databaseUrl: database.url, port: syncPort });
    this.relay = this.#startRelay();
  }

  /** Starts it all and waits until the notebook is on the server and the device is online. */
  static async start(options: RunWorldOptions): Promise<RunWorld> {
    execFileSync(process.execPath, ['--input-type=module', '-e', `await (await import(${JSON.stringify(BUILD)})).ensureBuilt()`]);
    const root = mkdtempSync(join(tmpdir(), 'markco-runs-'));
    const postgres = options.ownPostgres ? await OwnPostgres.start() : null;
    const database = postgres ? { db: postgres.db, url: postgres.url, drop: () => postgres.remove() } : await testDatabase();
    await recordRunStates(database.db);
    const ports: number[] = [];
    for (let i = 0; i < (options.webs ?? 1); i++) ports.push(await freePort());
    const proxy = await AgentProxy.before(ports[0]!);
    const tokens = {
      phone: await tokenCreate(database.db, { user: 'local', name: 'phone' }),
      worker: options.worker ? await workerToken(database.db) : null,
    };
    const device = await localDevice(database.db, new TextEncoder().encode(RELAY_SECRET), {
      name: 'Test laptop',
      kind: 'headless',
      platform: process.platform,
    });
    writeFolder(root, options.cells, proxy.url, device);
    const world = new RunWorld({ database, root, ports, syncPort: await freePort(), proxy, tokens, postgres });
    world.deviceId = device.deviceId;
    try {
      await world.#open();
    } catch (error) {
      const logs = world.logs();
      await world.remove();
      throw new Error(`${error instanceof Error ? error.message : error}\n${logs}`);
    }
    return world;
  }

  get phone(): Phone {
    return this.phones[0]!;
  }

  async #open(): Promise<void> {
    for (const web of this.webs) web.start();
    this.worker?.start();
    await Promise.all([this.relay.ready(), ...this.webs.map((_, i) => this.webReady(i))]);
    this.agent.start();
    await this.untilDevice('online');
    const project = await until('the project is there', async () => (await this.phone.api.projects.list.query())[0]);
    this.projectId = project.id;
    const document = await until('the notebook is there', async () =>
      (await this.phone.api.projects.documents.query({ projectId: project.id })).find(({ path }) => path === NOTEBOOK),
    );
    this.notebook = await this.phone.openSynced(document.id);
    await until('the notebook has its text', () => this.notebook.text.length > 0);
    await this.phone.api.auth.updateSettings.mutate({ fallbackToCloud: this.worker !== null });
    if (this.worker)
      await until('the worker is online', async () => (await this.db.device.count({ where: { kind: 'worker', presence: 'online' } })) > 0);
  }

  /** Resolves when this web process answers that it is ready. */
  async webReady(index = 0): Promise<void> {
    const ready = async () => {
      if (!this.webs[index]!.isAlive) throw new Error('the web process ended');
      return (await fetch(`http://127.0.0.1:${this.#ports[index]}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
    };
    await until('web is ready', ready, 120_000);
  }

  /** As the server sees the computer. */
  async untilDevice(presence: 'online' | 'offline', withinMs = 120_000): Promise<void> {
    const look = async () => (await this.db.device.findUniqueOrThrow({ where: { id: this.deviceId } })).presence === presence;
    await until(`the computer is ${presence}`, look, withinMs);
  }

  async restartRelay(): Promise<void> {
    this.relay = this.#startRelay();
    await this.relay.ready();
  }

  /** Taps Run on a cell. */
  run(cell: number, extra: Parameters<Phone['run']>[3] = {}): Promise<string> {
    return this.phone.run(this.notebook, this.projectId, cell, extra);
  }

  /** How often a cell began on the computer: what it wrote there. */
  executions(tag: string): number {
    const file = join(this.folder, `count-${tag}`);
    return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
  }

  /** Lets the second half of a gated cell go on. */
  openGate(tag: string): void {
    writeFileSync(join(this.folder, `go-${tag}`), '');
  }

  /** For {@link Scenario.explain}. */
  logs(): string {
    const parts = { agent: this.agent, worker: this.worker, ...Object.fromEntries(this.webs.map((web, i) => [`web ${i}`, web])) };
    const shown = Object.entries(parts).map(([name, process]) => (process ? `--- ${name}\n${process.log.slice(-4_000)}` : ''));
    return [...shown, `--- relay\n${this.relay.log.slice(-1_000)}`].join('\n');
  }

  async remove(): Promise<void> {
    this.notebook?.close();
    for (const phone of this.phones) phone.close();
    await Promise.all([this.agent, this.worker].map((process) => process?.end('SIGTERM')));
    await this.proxy.close();
    await Promise.all([...this.webs.map((web) => web.end('SIGTERM')), this.relay.isAlive ? this.relay.end('SIGTERM') : null]);
    await this.#dropDatabase();
    rmSync(this.root, { recursive: true, force: true });
  }
}

interface Parts {
  database: { db: Db; url: string; drop: () => Promise<void> };
  root: string;
  ports: number[];
  syncPort: number;
  proxy: AgentProxy;
  tokens: { phone: string; worker: string | null };
  postgres: OwnPostgres | null;
}

function webEnv(given: { databaseUrl: string; port: number; publicUrl: string; syncPort: number; root: string }): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'production',
    DATABASE_URL: given.databaseUrl,
    MARKCO_SECRET: RELAY_SECRET,
    NEXTAUTH_SECRET: RELAY_SECRET,
    MARKCO_DATA_DIR: join(given.root, 'data'),
    MARKCO_LOCAL_USER: '1',
    PORT: String(given.port),
    HOST: '127.0.0.1',
    PUBLIC_URL: given.publicUrl,
    NEXTAUTH_URL: given.publicUrl,
    SYNC_RELAY_URL: `http://127.0.0.1:${given.syncPort}`,
  };
}

function agentEnv(dir: string, server: string): NodeJS.ProcessEnv {
  const python = process.env.MARKCO_TEST_PYTHON;
  return {
    MARKCO_AGENT_DIR: dir,
    MARKCO_SERVER: server,
    MARKCO_KEYRING: 'off',
    MARKCO_CREDENTIALS_FILE: join(dir, 'credentials.json'),
    ...(python && { PATH: `${join(python, '..')}:${process.env.PATH}` }),
  };
}

function writeFolder(root: string, cells: readonly string[], server: string, credentials: object): void {
  const folder = join(root, 'folder');
  const agent = join(root, 'agent');
  mkdirSync(folder);
  mkdirSync(agent, { mode: 0o700 });
  const fence = '```';
  writeFileSync(join(folder, NOTEBOOK), `# Chaos\n\n${cells.map((code) => `${fence}python\n${code}\n${fence}\n`).join('\n')}\nThe end.\n`);
  writeFileSync(join(agent, 'credentials.json'), JSON.stringify(credentials), { mode: 0o600 });
  writeFileSync(join(agent, 'settings.json'), JSON.stringify({ server, folders: [{ root: folder, name: 'Chaos', paused: false }] }));
}
