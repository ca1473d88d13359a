import { EventEmitter } from 'node:events';
import path from 'node:path';
import type { DeviceTokens } from '@markco/core/contract/auth';
import { FileStore } from '@markco/sync/file-store/file-store';
import type { Log } from '@markco/sync/log';
import { Relay } from '@markco/sync/relay/relay';
import { type AgentStatus, agentStatus } from './agent-status.ts';
import { type ApiClient, createApiClient } from './api-client/api-client.ts';
import { bridgeApi } from './api-client/bridge-api.ts';
import { type LinkPreview, previewLink } from './bridge/link-folder.ts';
import { LocalBus } from './bridge/local-bus.ts';
import type { CredentialStore } from './config/credential-store.ts';
import { prepareDataDir } from './config/data-dir.ts';
import { type InstanceLock, takeInstanceLock } from './config/instance-lock.ts';
import { type AgentSettings, SettingsFile } from './config/settings.ts';
import { Folders } from './folders.ts';
import { type LocalRelay, SecretAuthorizer, startLocalRelay } from './local-relay.ts';
import { reason } from './log.ts';
import { AGENT_VERSION, defaultDeviceName, Machine, platformName } from './machine.ts';
import { DevicePool } from './runs/device-pool.ts';
import { LocalRuns } from './runs/local-runs.ts';
import { RunHost } from './runs/run-host.ts';
import { RuntimeSupervisor, type SupervisorChange } from './runtimes/supervisor.ts';
import { type SignInState, TokenManager } from './sign-in/token-manager.ts';

export interface AgentOptions {
  /** The data folder; default `~/.markco/agent`. */
  dir?: string;
  /** Wins over the settings file. */
  server?: string;
  deviceName?: string;
  kind: 'desktop' | 'headless';
  credentials: (dir: { credentials: string }) => Promise<CredentialStore>;
  log: Log;
  /** For tests. */
  registryFolder?: string;
  connection?: ConstructorParameters<typeof RunHost>[0]['connection'];
}

/** The parts a desktop window works with directly (EL3). */
export interface AgentParts {
  relay: LocalRelay;
  rooms: Relay;
  bus: LocalBus;
  runs: LocalRuns;
  folders: Folders;
  store: FileStore;
  pool: DevicePool;
  api: ApiClient;
}

const LOOK_AROUND_MS = 30_000;

/** The program on a person's computer: folders, runtimes and the way to the server; the same in the `markco` command and in Electron. */
export class Agent extends EventEmitter<{ status: [AgentStatus]; signIn: [SignInState] }> {
  readonly #o: AgentOptions;
  readonly #machine = new Machine();
  readonly #bus = new LocalBus();
  readonly #stops: (() => void)[] = [];
  #lock!: InstanceLock;
  #settingsFile!: SettingsFile;
  #settings!: AgentSettings;
  #tokens!: TokenManager;
  #api!: ApiClient;
  #store!: FileStore;
  #relay!: Relay;
  #localRelay!: LocalRelay;
  #folders!: Folders;
  #pool!: DevicePool;
  #local!: LocalRuns;
  #host: RunHost | null = null;
  #dir!: Awaited<ReturnType<typeof prepareDataDir>>;
  #running = 0;
  #started = false;
  #paused = false;
  #telling = false;
  #projects = '';

  constructor(options: AgentOptions) {
    super();
    this.#o = options;
  }

  /** EL3: needs neither an account nor a network. Rejects where another agent uses the data folder. */
  async start(): Promise<void> {
    this.#dir = await prepareDataDir(this.#o.dir);
    this.#lock = await takeInstanceLock(this.#dir.lock);
    try {
      await this.#open();
    } catch (error) {
      await this.#lock.release();
      throw error;
    }
    this.#started = true;
    this.#tell();
  }

  /** OP4. */
  async stop(why: 'quit' | 'sleep' = 'quit'): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    for (const stop of this.#stops.splice(0)) stop();
    await this.#host?.stop(why);
    await this.#local.stop();
    await this.#pool.closeAll();
    await this.#folders.stop();
    await this.#localRelay.close();
    await this.#relay.close();
    await this.#store.close();
    await this.#lock.release();
  }

  status(): AgentStatus {
    const identity = this.#tokens.identity;
    return agentStatus({
      folders: this.#folders,
      signIn: this.#tokens.state,
      connection: this.#host?.connection.state ?? (this.#tokens.state === 'needs_sign_in' ? 'needs_sign_in' : 'offline'),
      allowRuns: this.#settings.allowRuns,
      running: this.#running,
      account: identity && { name: identity.userName, server: this.#api.server },
      relay: { url: this.#localRelay.url, secret: this.#localRelay.secret },
      started: this.#started,
      paused: this.#paused,
    });
  }

  /** Everything the desktop window reaches directly (EL3). */
  get local(): AgentParts {
    return {
      ...{ relay: this.#localRelay, rooms: this.#relay, bus: this.#bus, runs: this.#local },
      ...{ folders: this.#folders, store: this.#store, pool: this.#pool, api: this.#api },
    };
  }

  /** FB1: what would be linked; throws where it must not be. */
  preview(dir: string): Promise<LinkPreview> {
    return previewLink(
      dir,
      this.#settings.folders.map((folder) => folder.root),
    );
  }

  async linkFolder(dir: string): Promise<LinkPreview> {
    const preview = await this.preview(dir);
    await this.#change((settings) =>
      settings.folders.some((folder) => folder.root === preview.dir)
        ? settings
        : { ...settings, folders: [...settings.folders, { root: preview.dir, paused: false }] },
    );
    return preview;
  }

  /** The folder and the project both stay; they only part. */
  async unlinkFolder(root: string): Promise<void> {
    await this.#change((settings) => ({ ...settings, folders: settings.folders.filter((folder) => folder.root !== root) }));
  }

  async setAllowRuns(allow: boolean): Promise<void> {
    await this.#change((settings) => ({ ...settings, allowRuns: allow }));
  }

  async pause(paused: boolean): Promise<void> {
    this.#paused = paused;
    await this.#change((settings) => ({ ...settings, folders: settings.folders.map((folder) => ({ ...folder, paused })) }));
  }

  async signIn(tokens: DeviceTokens): Promise<void> {
    await this.#tokens.signIn(tokens);
    await this.#connect();
  }

  /** EL2: local edits stay. */
  async signOut(): Promise<void> {
    await this.#disconnect('sign_out');
    await this.#tokens.signOut();
    this.#folders.setApi(null);
    this.#tell();
  }

  /** The computer goes to sleep: offline for others at once (AG2). Runs and runtimes stay; {@link wake} connects again. */
  async sleep(): Promise<void> {
    await this.#host?.connection.stop('sleep');
  }

  /** Wake or a network change: connect at once. */
  wake(): void {
    this.#host?.connection.start();
    this.#host?.connection.reconnect();
  }

  async #open(): Promise<void> {
    this.#settingsFile = new SettingsFile(this.#dir.settings);
    this.#settings = await this.#settingsFile.read();
    this.#api = createApiClient(this.#o.server ?? this.#settings.server, () => this.#tokens.accessToken().catch(() => null));
    const anonymous = createApiClient(this.#api.server);
    this.#tokens = new TokenManager({
      store: await this.#o.credentials(this.#dir),
      // A refresh carries its own credential; asking for one here would wait for itself.
      api: { ...anonymous, call: (name, input, signal) => (name === 'auth.refresh' ? anonymous : this.#api).call(name, input, signal) },
      log: this.#o.log,
      onState: (state) => this.emit('signIn', state),
    });
    await this.#tokens.load();
    this.#store = await FileStore.open({ log: this.#o.log as never });
    const authorizer = new SecretAuthorizer(this.#store, () => this.#folders.roots());
    this.#relay = new Relay({ store: this.#store, authorizer, bus: this.#bus, log: this.#o.log });
    this.#localRelay = await startLocalRelay(this.#relay, authorizer, this.#store);
    this.#folders = this.#makeFolders();
    const supervisor = new RuntimeSupervisor();
    this.#stops.push(supervisor.onChange((change) => this.#runtimeChanged(change)));
    this.#pool = new DevicePool({
      supervisor,
      rootOf: (projectId) => this.#folders.rootOf(projectId) ?? this.#folders.roots().find((root) => root === projectId) ?? null,
      scratch: path.join(this.#dir.root, 'scratch'),
      endpoints: () => this.#settings.endpoints,
      ...(this.#o.registryFolder && { registryFolder: this.#o.registryFolder }),
    });
    this.#local = new LocalRuns({ journalDir: path.join(this.#dir.root, 'local-runs'), pool: this.#pool, log: this.#o.log });
    await this.#lookAround();
    const timer = setInterval(() => void this.#lookAround(), LOOK_AROUND_MS);
    this.#stops.push(
      () => clearInterval(timer),
      this.#settingsFile.watch(
        (settings) => void this.#take(settings),
        (error) => this.#o.log.warn({ reason: reason(error) }, 'the settings could not be read'),
      ),
    );
    if (this.#tokens.state === 'signed_in') this.#folders.setApi(bridgeApi(this.#api));
    await this.#folders.apply(this.#settings.folders);
    if (this.#tokens.state === 'signed_in') await this.#connect();
  }

  #makeFolders(): Folders {
    return new Folders({
      store: this.#store,
      relay: this.#relay,
      bus: this.#bus,
      log: this.#o.log,
      deviceName: () => this.#deviceName(),
      identity: () => this.#tokens.identity,
      onChange: () => this.#tell(),
    });
  }

  async #connect(): Promise<void> {
    const { identity } = this.#tokens;
    if (!identity) return;
    await this.#disconnect('quit');
    this.#host = new RunHost({
      server: this.#api.server,
      identity,
      about: { name: this.#deviceName(), kind: this.#o.kind, platform: platformName(), version: AGENT_VERSION },
      journalDir: this.#dir.journal,
      pool: { ...poolOf(this.#pool), closeAll: async () => {} },
      token: () => this.#tokens.accessToken(),
      onRefusedToken: (token) => this.#tokens.refused(token),
      allowRuns: () => this.#settings.allowRuns,
      projectIds: () => this.#folders.projectIds(),
      machine: () => this.#machine.snapshot(),
      waitForFiles: (offer) => this.#folders.waitForFiles(offer),
      onState: (state) => {
        if (state === 'online') this.#folders.docChanged(null, null);
        this.#tell();
      },
      onMessage: (message) => {
        if (message.type === 'DOC_CHANGED') this.#folders.docChanged(message.projectId, message.documentId);
      },
      onActivity: (running) => {
        this.#running = running;
        this.#tell();
      },
      log: this.#o.log,
      ...(this.#o.connection && { connection: this.#o.connection }),
    });
    this.#folders.setApi(bridgeApi(this.#api));
    this.#host.start();
    this.#tell();
  }

  async #disconnect(why: 'quit' | 'sign_out'): Promise<void> {
    const host = this.#host;
    this.#host = null;
    await host?.stop(why);
  }

  async #change(change: (settings: AgentSettings) => AgentSettings): Promise<void> {
    await this.#take(await this.#settingsFile.update(change));
  }

  async #take(settings: AgentSettings): Promise<void> {
    this.#settings = settings;
    await this.#folders.apply(settings.folders);
    this.#tell();
  }

  async #lookAround(): Promise<void> {
    await Promise.allSettled([this.#machine.look(), this.#pool.discover()]);
  }

  /** At once rather than with the next heartbeat. */
  #runtimeChanged(change: SupervisorChange): void {
    if (change.type === 'down') {
      this.#host?.announce({ type: 'RUNTIME_DOWN', runtimeId: change.runtime.id, reason: change.exit.message.slice(0, 500) });
      return;
    }
    const runtime = this.#pool.runtimes().find((info) => info.runtimeId === change.runtime.id);
    if (runtime) this.#host?.announce({ type: 'RUNTIME_UP', runtime });
  }

  #deviceName(): string {
    return this.#o.deviceName ?? this.#settings.deviceName ?? defaultDeviceName();
  }

  /** Many changes in one turn are one status. */
  #tell(): void {
    const projects = this.#started ? this.#folders.projectIds().join() : '';
    if (projects !== this.#projects) this.#host?.connection.beatNow();
    this.#projects = projects;
    if (this.#telling || !this.#started) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      if (this.#started) this.emit('status', this.status());
    });
  }
}

/** The host may stop without the pool: the desktop's own runs go on when the account changes. */
const poolOf = (pool: DevicePool) => ({
  admit: pool.admit.bind(pool),
  acquire: pool.acquire.bind(pool),
  peek: pool.peek.bind(pool),
  restart: pool.restart.bind(pool),
  reset: pool.reset.bind(pool),
  runtimes: pool.runtimes.bind(pool),
});

/** An agent that is not started yet. */
export const createAgent = (options: AgentOptions): Agent => new Agent(options);
