import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { EventBus } from '@markco/core/bus';
import { AppError } from '@markco/core/errors';
import type { FileStore } from '@markco/sync/file-store/file-store';
import { readProjectFile, writeProjectFile } from '@markco/sync/file-store/root-files';
import type { StoreEvent } from '@markco/sync/file-store/store-events';
import type { Log } from '@markco/sync/log';
import type { Relay } from '@markco/sync/relay/relay';
import { reason } from '../log.ts';
import type { BridgeApi } from './bridge-api.ts';
import type { BridgeContext } from './bridge-context.ts';
import { type BridgeProblem, BridgeProblems, type RemovalDecision } from './bridge-problems.ts';
import { createFile } from './create-file.ts';
import { exchange } from './exchange.ts';
import { filesHold } from './files-hold.ts';
import { HotSet } from './hot-set.ts';
import { LocalBus } from './local-bus.ts';
import { DiskLook } from './look-at-disk.ts';
import { OutsidePoints } from './outside-points.ts';
import { registerFolder } from './register-folder.ts';
import { Removals } from './removals.ts';
import { ServerHistory } from './server-history.ts';
import { trashFile } from './trash-file.ts';
import { WorkLoop } from './work-loop.ts';

export interface FolderBridgeOptions {
  /** The linked folder, absolute. */
  readonly root: string;
  /** Null without an account: files and documents of this device only (EL3). */
  readonly api: BridgeApi | null;
  readonly relay: Pick<Relay, 'open'>;
  readonly store: FileStore;
  /** The bus the local relay was given: it hears of renames, removals and replaced histories by it. */
  readonly bus?: EventBus;
  readonly deviceName: string;
  readonly deviceId?: string;
  /** The project's name; the folder's by default. */
  readonly name?: string;
  readonly userId?: string;
  readonly log: Log;
  readonly maxHot?: number;
  readonly idleMs?: number;
  readonly pairMs?: number;
  readonly onState?: (status: BridgeStatus) => void;
  readonly trash?: (file: string) => Promise<void>;
}

export interface BridgeStatus {
  readonly state: 'synced' | 'syncing' | 'offline' | 'paused' | 'needs_attention';
  /** Documents with something that is not on both sides yet. */
  readonly pending: number;
  readonly documents: number;
  readonly problems: readonly BridgeProblem[];
  readonly decision: RemovalDecision | null;
}

/** How long an open of a document whose state is not here waits for the server, before it goes on with the text alone (EL3). */
const FIRST_NEED_MS = 3_000;

/** FB1–FB9: keeps a folder and a project the same. The files' side is the file store's; this brings it and the server together. */
export class FolderBridge {
  readonly #options: FolderBridgeOptions;
  readonly #context: BridgeContext;
  readonly #problems: BridgeProblems;
  readonly #disk: DiskLook;
  readonly #removals: Removals;
  readonly #hot: HotSet;
  readonly #work: WorkLoop;
  readonly #history: ServerHistory;
  readonly #points: OutsidePoints;
  readonly #stops: (() => void)[] = [];
  #api: BridgeApi | null;
  #projectId: string | null = null;
  #online = false;
  #paused = false;
  #exchanged = false;
  #started = false;
  #lastState = '';

  constructor(options: FolderBridgeOptions) {
    this.#options = options;
    this.#api = options.api;
    this.#problems = new BridgeProblems(() => this.#changed());
    this.#context = this.#makeContext();
    this.#history = new ServerHistory(this.#context, () => this.#work.diskSoon());
    this.#disk = new DiskLook(this.#context, options.pairMs);
    this.#removals = new Removals(this.#context, (id) => this.#disk.forget(id));
    this.#hot = new HotSet({ max: options.maxHot ?? 32, idleMs: options.idleMs ?? 30_000, host: this.#hotHost() });
    this.#points = new OutsidePoints({
      root: options.root,
      api: this.#context.api,
      serverIdOf: (id) => options.store.meta(id)?.serverId ?? null,
      log: options.log,
    });
    this.#work = new WorkLoop({
      disk: () => this.#lookAtDisk(),
      exchange: () => this.#exchange(),
      onError: (error) => this.#failed(error),
    });
  }

  /** Opens the folder, looks through it and starts to sync. Resolves after the first look; the network is not waited for. */
  async start(): Promise<void> {
    const { root, store, userId } = this.#options;
    const file = await readProjectFile(root);
    const project = file ?? { rootId: randomUUID() };
    if (!file) await writeProjectFile(root, project);
    this.#projectId = project.projectId ?? null;
    await store.addRoot({
      dir: root,
      userId: userId ?? project.userId ?? 'local',
      projectId: project.projectId ?? project.rootId,
      project: this.#options.name ?? path.basename(root),
    });
    this.#stops.push(
      store.on((event) => this.#onStoreEvent(event)),
      store.onFirstNeed((documentId) => this.#firstNeed(documentId)),
    );
    this.#started = true;
    await this.#work.diskNow();
    this.#work.exchangeSoon();
  }

  /** Closes the connections. Everything is durable in the folder; the store keeps it open. */
  async stop(): Promise<void> {
    this.#started = false;
    for (const stop of this.#stops.splice(0)) stop();
    await this.#points.stop();
    await this.#work.stop();
    await this.#hot.stop();
    await this.#history.idle();
  }

  /** The server's project of the folder, null before it is registered. */
  get projectId(): string | null {
    return this.#projectId;
  }

  /** Signed in or out. */
  setApi(api: BridgeApi | null): void {
    this.#api = api;
    this.#exchanged = false;
    if (api) this.#work.exchangeSoon();
    else this.#online = false;
    this.#changed();
  }

  /** FB3: the server says that a document (null: some) of the project changed. Also call it with null when the device is back online. */
  docChanged(serverId: string | null): void {
    const local = serverId === null ? null : this.#keyOf(serverId);
    if (local !== null && this.#hot.get(local)) this.#hot.want(local);
    else this.#work.exchangeSoon();
    if (serverId === null) this.#hot.reconnect();
  }

  /** The folder's path of one of the server's documents, null where it has none. */
  pathOf(serverId: string): string | null {
    const key = this.#keyOf(serverId);
    return key === null ? null : (this.#options.store.meta(key)?.file ?? null);
  }

  status(): BridgeStatus {
    const metas = this.#options.store.documents(this.#options.root);
    const pending = metas.filter((meta) => this.#isPending(meta)).length + this.#hot.waiting;
    const problems = this.#problems.list();
    const urgent = problems.some((problem) => ['decision', 'folder_missing', 'sign_in', 'disk'].includes(problem.kind));
    return { state: this.#state(urgent, pending), pending, documents: metas.length, problems, decision: this.#removals.decision };
  }

  /** FB7: the person's answer to the {@link BridgeStatus.decision}. */
  async decide(answer: 'remove' | 'keep'): Promise<void> {
    await this.#removals.decide(answer);
    this.#work.diskSoon();
    this.#work.exchangeSoon();
  }

  /** Closes connections and asks the server nothing until {@link resume}; files and local documents go on as offline. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#hot.clear();
    this.#changed();
  }

  resume(): void {
    this.#paused = false;
    this.#work.diskSoon();
    this.#work.exchangeSoon();
    this.#changed();
  }

  /**
   * RU15: resolves with true when the folder's files hold the document up to the state vector (all that is known here where none is given),
   * with false after the timeout. `serverId`: the server's id.
   */
  async filesHold(serverId: string, stateVector: Uint8Array | null, timeoutMs: number): Promise<boolean> {
    const key = this.#keyOf(serverId);
    if (key === null) return false;
    if (stateVector) this.#hot.want(key);
    return filesHold(this.#options.store, key, stateVector, timeoutMs);
  }

  /** Makes a document in the folder (EL3). Rejects with `conflict` where the file is there, `bad_request` where the path is not allowed. */
  async createDocument(documentPath: string, text: string): Promise<{ documentId: string; path: string }> {
    const created = await createFile(this.#options.root, documentPath, text);
    await this.#work.diskNow();
    this.#work.exchangeSoon();
    const documentId = this.#options.store.idOf(this.#options.root, created);
    if (!documentId) throw new AppError('bad_request', `${created} is left out by an ignore file, so it is no document.`);
    return { documentId, path: created };
  }

  /** Resolves when the folder was looked through, the server's list compared, and nothing is pending. For commands and tests. */
  async settled(timeoutMs: number): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      await this.#work.idle();
      if (this.status().state === 'synced') return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return false;
  }

  // --- inside ---

  async #lookAtDisk(): Promise<void> {
    const findings = await this.#disk.look();
    this.#problems.clear('folder_missing', null);
    if (findings.again !== null) this.#work.diskSoon(findings.again);
    if (!this.#paused) await this.#removals.fromFolder(findings.gone);
    if (findings.news) this.#work.exchangeSoon();
    this.#changed();
  }

  async #exchange(): Promise<void> {
    const api = this.#api;
    if (!api || this.#paused || !this.#started) return;
    const projectId = this.#projectId ?? (await this.#register(api));
    try {
      await exchange(this.#context, api, projectId, (metas) => this.#removals.fromServer(metas));
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error;
      // Another account, or the project was deleted: the folder registers as a project of its own.
      await this.#register(api);
      throw error;
    }
    this.#online = true;
    this.#exchanged = true;
    this.#points.retry();
    this.#problems.clear('sign_in', null);
    this.#problems.clear('disk', null);
    this.#changed();
  }

  async #register(api: BridgeApi): Promise<string> {
    const { name, deviceId } = this.#options;
    const project = await registerFolder(this.#context, api, { ...(name ? { name } : {}), ...(deviceId ? { deviceId } : {}) });
    this.#projectId = project.id;
    return project.id;
  }

  #failed(error: unknown): void {
    if (error instanceof AppError && error.code === 'unauthenticated') {
      this.#problems.add({ kind: 'sign_in', path: null, message: 'Sign in again to go on syncing. Nothing is lost: edits are kept here.' });
    } else if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      const message = `${this.#options.root} can not be reached. Nothing was deleted; syncing goes on when the folder is back.`;
      this.#problems.add({ kind: 'folder_missing', path: null, message });
    }
    this.#online = false;
    this.#options.log.warn(
      { project_id: this.#projectId, reason: reason(error) },
      'The folder could not be compared with the server; it is tried again.',
    );
    this.#changed();
  }

  #onStoreEvent(event: StoreEvent): void {
    if (event.kind === 'files') {
      if (event.dir === this.#options.root) this.#work.diskSoon();
      return;
    }
    const meta = this.#options.store.meta(event.documentId);
    if (!meta || this.#options.store.rootOf(event.documentId) !== this.#options.root) return;
    if (event.kind === 'outside' && event.before !== null) this.#points.saw(event.documentId, event.before);
    if (event.kind === 'missing') {
      this.#options.store.hold(event.documentId);
      this.#work.diskSoon();
    } else if (event.kind === 'problem') this.#problems.add({ kind: 'disk', path: meta.path, message: event.message });
    else if (event.kind === 'unusable')
      this.#problems.add({
        kind: event.status,
        path: meta.path,
        message: 'The file can not be read as text; the document is kept as it was.',
      });
    else if (event.kind === 'projected') {
      this.#problems.clear('disk', meta.path);
      this.#hot.get(event.documentId)?.recheck();
    } else this.#context.warm(event.documentId);
    this.#changed();
  }

  /** A document is opened here and its state was never fetched: better the server's history at once than a second one. */
  async #firstNeed(documentId: string): Promise<void> {
    if (!this.#api || this.#paused || !this.#online || this.#options.store.rootOf(documentId) !== this.#options.root) return;
    await this.#history.ensure(documentId, false, FIRST_NEED_MS).catch(() => undefined);
  }

  #hotHost(): ConstructorParameters<typeof HotSet>[0]['host'] {
    const { store, relay } = this.#options;
    return {
      open: (id) => relay.open(id),
      epochOf: (id) => store.meta(id)?.epoch ?? null,
      ensureServerHistory: (id, force) => this.#history.ensure(id, force),
      ticket: (id) => this.#ticket(id),
      markAgreed: (id, text) => store.markAgreed(id, text),
      onGone: () => this.#work.exchangeSoon(),
      onChange: () => this.#changed(),
      onProblem: (id, error) =>
        this.#options.log.warn({ document_id: id, reason: reason(error) }, 'A document could not be connected; it is tried again.'),
    };
  }

  async #ticket(documentId: string): Promise<Awaited<ReturnType<BridgeApi['ticket']>>> {
    const serverId = this.#options.store.meta(documentId)?.serverId;
    if (!serverId) throw new AppError('not_found', 'The document is not on the server.');
    try {
      const ticket = await this.#requireApi().ticket(serverId);
      this.#online = true;
      return ticket;
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') this.#work.exchangeSoon();
      else this.#online = false;
      this.#changed();
      throw error;
    }
  }

  #requireApi(): BridgeApi {
    if (!this.#api || this.#paused) throw new AppError('unavailable', 'Syncing is paused or signed out.');
    return this.#api;
  }

  #makeContext(): BridgeContext {
    const { root, store, log, deviceName, bus, trash } = this.#options;
    return {
      root,
      store,
      log,
      deviceName,
      bus: bus ?? new LocalBus(),
      problems: this.#problems,
      api: () => (this.#paused ? null : this.#api),
      projectId: () => this.#projectId,
      trash: trash ?? ((file) => trashFile(root, file)),
      cool: (id) => this.#hot.drop(id),
      warm: (id) => this.#warm(id),
      changed: () => this.#changed(),
      exchangeSoon: () => this.#work.exchangeSoon(),
    };
  }

  #warm(documentId: string): void {
    if (this.#api && !this.#paused && this.#options.store.meta(documentId)?.serverId) this.#hot.want(documentId);
  }

  #keyOf(serverId: string): string | null {
    return this.#options.store.documents(this.#options.root).find((meta) => meta.serverId === serverId)?.documentId ?? null;
  }

  #isPending(meta: { documentId: string; dirty: boolean; serverId: string | null; syncedPath: string | null; path: string }): boolean {
    if (!this.#api) return false;
    const hot = this.#hot.get(meta.documentId);
    return hot ? !hot.settled : meta.dirty || !meta.serverId || meta.syncedPath !== meta.path;
  }

  #state(urgent: boolean, pending: number): BridgeStatus['state'] {
    if (urgent) return 'needs_attention';
    if (this.#paused) return 'paused';
    if (!this.#api) return 'synced';
    if (!this.#online) return 'offline';
    return pending > 0 || !this.#exchanged || this.#work.busy ? 'syncing' : 'synced';
  }

  #changed(): void {
    this.#hot?.changed();
    if (!this.#options.onState || !this.#started) return;
    const status = this.status();
    const key = JSON.stringify(status);
    if (key === this.#lastState) return;
    this.#lastState = key;
    this.#options.onState(status);
  }
}
