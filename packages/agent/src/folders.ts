import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { OfferedRun } from '@markco/core/device/agent-message';
import { BARRIER_MS } from '@markco/core/device/constants';
import type { FileStore } from '@markco/sync/file-store/file-store';
import type { Log } from '@markco/sync/log';
import type { Relay } from '@markco/sync/relay/relay';
import type { BridgeApi } from './bridge/bridge-api.ts';
import { FolderBridge } from './bridge/folder-bridge.ts';
import type { LocalBus } from './bridge/local-bus.ts';
import type { LinkedFolder } from './config/settings.ts';
import { reason } from './log.ts';

export interface FoldersOptions {
  store: FileStore;
  relay: Relay;
  bus: LocalBus;
  log: Log;
  deviceName: () => string;
  identity: () => { userId: string; deviceId: string } | null;
  onChange: () => void;
}

/** The bridges of all linked folders, kept the same as the settings. */
export class Folders {
  readonly #o: FoldersOptions;
  readonly #bridges = new Map<string, FolderBridge>();
  readonly #broken = new Map<string, string>();
  #api: BridgeApi | null = null;
  #applying: Promise<void> = Promise.resolve();

  constructor(options: FoldersOptions) {
    this.#o = options;
  }

  /** Starts, stops and pauses bridges until they are as `folders` says. Calls run one after another. */
  apply(folders: readonly LinkedFolder[]): Promise<void> {
    this.#applying = this.#applying
      .then(() => this.#apply(folders))
      .catch((error: unknown) => this.#o.log.error({ reason: reason(error) }, 'the linked folders could not be taken over'));
    return this.#applying;
  }

  /** Signed in or out: null means files and documents of this computer only (EL3). */
  setApi(api: BridgeApi | null): void {
    this.#api = api;
    for (const bridge of this.#bridges.values()) bridge.setApi(api);
  }

  get(root: string): FolderBridge | null {
    return this.#bridges.get(root) ?? null;
  }

  all(): { root: string; bridge: FolderBridge | null; problem: string | null }[] {
    const roots = new Set([...this.#bridges.keys(), ...this.#broken.keys()]);
    return [...roots].map((root) => ({ root, bridge: this.#bridges.get(root) ?? null, problem: this.#broken.get(root) ?? null }));
  }

  roots(): string[] {
    return [...this.#bridges.keys()];
  }

  rootOf(projectId: string): string | null {
    for (const [root, bridge] of this.#bridges) if (bridge.projectId === projectId) return root;
    return null;
  }

  projectIds(): string[] {
    return [...this.#bridges.values()].flatMap((bridge) => bridge.projectId ?? []).slice(0, 1000);
  }

  /** FB3: a document of a project changed on the server; null for both after a reconnect. */
  docChanged(projectId: string | null, documentId: string | null): void {
    for (const bridge of this.#bridges.values()) if (projectId === null || bridge.projectId === projectId) bridge.docChanged(documentId);
  }

  /** RU15: null when the files hold what the person saw, else what to tell them. */
  async waitForFiles(offer: OfferedRun, withinMs = BARRIER_MS): Promise<string | null> {
    const { projectId, documentId, stateVector } = offer.request;
    const root = this.rootOf(projectId);
    if (!root) return 'This computer has no folder for the project, so the cell ran in an empty one.';
    if (!stateVector) return null;
    const holds = await this.#bridges
      .get(root)!
      .filesHold(documentId, Buffer.from(stateVector, 'base64'), withinMs)
      .catch(() => false);
    return holds ? null : 'The files on this computer did not have the latest edits yet when the cell started.';
  }

  async stop(): Promise<void> {
    await this.#applying;
    await Promise.allSettled([...this.#bridges.values()].map((bridge) => bridge.stop()));
    this.#bridges.clear();
  }

  async #apply(folders: readonly LinkedFolder[]): Promise<void> {
    const wanted = new Map(folders.map((folder) => [folder.root, folder]));
    for (const [root, bridge] of this.#bridges) {
      if (wanted.has(root)) continue;
      await bridge.stop();
      await this.#o.store.removeRoot(root);
      this.#bridges.delete(root);
    }
    for (const root of this.#broken.keys()) if (!wanted.has(root)) this.#broken.delete(root);
    for (const folder of wanted.values()) await this.#start(folder);
    this.#o.onChange();
  }

  async #start(folder: LinkedFolder): Promise<void> {
    const known = this.#bridges.get(folder.root);
    if (known) return void (folder.paused ? await known.pause() : known.resume());
    const identity = this.#o.identity();
    const bridge = new FolderBridge({
      root: folder.root,
      api: this.#api,
      relay: this.#o.relay,
      store: this.#o.store,
      bus: this.#o.bus,
      deviceName: this.#o.deviceName(),
      log: this.#o.log,
      onState: () => this.#o.onChange(),
      ...(identity && { deviceId: identity.deviceId, userId: identity.userId }),
      ...(folder.name && { name: folder.name }),
    });
    try {
      await realpath(folder.root);
      await bridge.start();
      if (folder.paused) await bridge.pause();
      this.#bridges.set(folder.root, bridge);
      this.#broken.delete(folder.root);
    } catch (error) {
      await bridge.stop().catch(() => undefined);
      this.#broken.set(folder.root, `${path.basename(folder.root)} could not be opened: ${reason(error)}`);
      this.#o.log.warn({ reason: reason(error) }, 'a linked folder could not be opened');
    }
  }
}
