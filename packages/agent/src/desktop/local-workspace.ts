import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DocumentView } from '@markco/core/contract/projects';
import type { MrpRequest } from '@markco/core/device/agent-message';
import { AppError, ERROR_CODES, type ErrorCode, notFound } from '@markco/core/errors';
import { parseMrmdConfig } from '@markco/core/project/mrmd-config';
import { type CreateRunInput, createRunInput, type RunView } from '@markco/core/run/run';
import type { RunEvent, RunWatchItem } from '@markco/core/run/run-event';
import { readProjectFile } from '@markco/sync/file-store/root-files';
import type { Log } from '@markco/sync/log';
import type { AgentParts } from '../agent.ts';
import type { FolderBridge } from '../bridge/folder-bridge.ts';
import { type Answer, answerIntrospection, answerSessionOp } from '../runs/answer-question.ts';
import { ChangeDocuments } from './change-documents.ts';
import { LocalRunner, type SessionOwner } from './local-runner.ts';
import { readProjectPicture } from './project-file.ts';
import { deviceIdOf, deviceView, documentView, meView, projectView, type WindowIdentity, type WorkspaceView } from './workspace-view.ts';

/** What a workspace says without being asked. */
export type WorkspacePush = { kind: 'view'; view: WorkspaceView } | { kind: 'run'; runId: string; item: RunWatchItem };

export interface LocalWorkspaceOptions {
  /** A linked folder. */
  root: string;
  parts: AgentParts;
  identity: () => WindowIdentity;
  deviceName: string;
  log: Log;
  onPush: (push: WorkspacePush) => void;
  trash?: (file: string) => Promise<void>;
}

type Introspection = Extract<MrpRequest, { kind: 'introspect' }>;
type SessionOp = Extract<MrpRequest, { kind: 'session' }>;
export type Bytes = { bytes: Uint8Array; mimeType: string };
export type LocalTicket = NonNullable<ReturnType<AgentParts['relay']['ticket']>>;

/** A burst of changes is one view. */
const SETTLE_MS = 60;

/** EL3: a linked folder as a workspace for the desktop's window: works without an account and without a network. */
export class LocalWorkspace {
  readonly #o: LocalWorkspaceOptions;
  readonly #projectId: string;
  readonly #runner: LocalRunner;
  readonly #documents: ChangeDocuments;
  readonly #stops: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #shown = '';

  private constructor(options: LocalWorkspaceOptions, projectId: string) {
    this.#o = options;
    this.#projectId = projectId;
    const { root, parts, log, trash } = options;
    const onItem = (runId: string, item: RunWatchItem) => options.onPush({ kind: 'run', runId, item });
    this.#runner = new LocalRunner({ runs: parts.runs, rooms: parts.rooms, owner: () => this.#owner(), log, onItem });
    this.#documents = new ChangeDocuments({
      root,
      store: parts.store,
      bus: parts.bus,
      bridge: () => this.#bridge(),
      ...(trash && { trash }),
    });
    this.#stops.push(
      parts.store.on(() => this.refresh()),
      parts.bus.subscribe('document.changed', () => this.refresh()),
    );
  }

  /** Rejects with `not_found` where the folder is not linked or can not be opened. */
  static async open(options: LocalWorkspaceOptions): Promise<LocalWorkspace> {
    const project = options.parts.folders.get(options.root) && (await readProjectFile(options.root));
    if (!project) throw new AppError('not_found', `${path.basename(options.root)} is not open here. Choose the folder again.`);
    return new LocalWorkspace(options, project.rootId);
  }

  async view(): Promise<WorkspaceView> {
    const { root, parts, deviceName } = this.#o;
    const identity = this.#o.identity();
    const status = this.#bridge().status();
    const documents = this.#list();
    const { config } = parseMrmdConfig(await readFile(path.join(root, 'mrmd.md'), 'utf8').catch(() => ''));
    const owner = this.#owner();
    const runtimes = parts.pool.runtimes().flatMap(({ projectId, ...runtime }) => {
      if (projectId === undefined) return runtime;
      return projectId === owner.projectId ? { ...runtime, projectId: this.#projectId } : [];
    });
    return {
      root,
      project: projectView(this.#projectId, root, documents, identity),
      config,
      me: meView(identity),
      documents,
      devices: [deviceView(identity, deviceName, this.#projectId, runtimes)],
      problems: status.problems.map(({ path: at, message }) => ({ path: at, message })),
      decision: status.decision,
    };
  }

  /** Something may look different: the window hears of it, if it does. */
  refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#show().catch(() => undefined);
    }, SETTLE_MS);
  }

  ticket(documentId: string): LocalTicket {
    const ticket = this.#has(documentId) ? this.#o.parts.relay.ticket(documentId) : null;
    if (!ticket) throw notFound('The document');
    return ticket;
  }

  async create(documentPath: string, text: string): Promise<DocumentView> {
    return this.#made(await this.#documents.create(documentPath, text));
  }

  async rename(documentId: string, documentPath: string): Promise<DocumentView> {
    await this.#documents.rename(documentId, documentPath);
    return this.#made(documentId);
  }

  async remove(documentId: string): Promise<void> {
    await this.#documents.remove(documentId);
    this.refresh();
  }

  async restore(documentId: string): Promise<DocumentView> {
    return this.#made(await this.#documents.restore(documentId));
  }

  /** FB7: the person's answer to what the view's `decision` asks. */
  async decideRemoval(answer: 'remove' | 'keep'): Promise<void> {
    if (answer === 'keep') this.#documents.removing.clear();
    await this.#bridge().decide(answer);
    this.refresh();
  }

  /** RU2: requests as the editor makes them. */
  startRuns(inputs: readonly CreateRunInput[]): RunView[] {
    const requests = inputs.map((input) => createRunInput.parse(input));
    const first = requests[0];
    const meta = first && this.#o.parts.store.meta(first.documentId);
    if (!first || !meta || !this.#has(first.documentId)) throw notFound('The document');
    if (requests.some(({ documentId }) => documentId !== first.documentId))
      throw new AppError('bad_request', 'One batch belongs to one document.');
    const about = { docPath: meta.file, projectSlug: 'local', deviceId: deviceIdOf(this.#o.identity()), deviceName: this.#o.deviceName };
    return this.#runner.start(requests, about);
  }

  runsOf(documentId: string): RunView[] {
    return this.#runner.book.ofDocument(documentId);
  }

  /** RU17: what a watcher missed. The rest comes as pushes, which it asked for before. */
  readRun(runId: string, after: number): { run: RunView; events: RunEvent[] } {
    return { run: this.#runner.book.view(runId), events: this.#runner.book.eventsAfter(runId, after) };
  }

  cancel(runId: string, force: boolean): Promise<RunView> {
    return this.#runner.cancel(runId, force);
  }

  answer(runId: string, execId: string, text: string): Promise<void> {
    return this.#runner.answer(runId, execId, text);
  }

  /** AG7: answers within 2 s; rejects where no runtime of the session is up. */
  async introspect(question: Pick<Introspection, 'language' | 'sessionName' | 'op' | 'body'>): Promise<unknown> {
    const request = { ...question, ...this.#owner() } as Introspection;
    return resultOf(await answerIntrospection(this.#o.parts.pool, request));
  }

  /** RU12. */
  async sessionOp(request: Pick<SessionOp, 'language' | 'sessionName' | 'op'>): Promise<void> {
    resultOf(await answerSessionOp(this.#o.parts.pool, { ...request, ...this.#owner() } as SessionOp));
    this.refresh();
  }

  /** What a run made, by its id, or a picture a document names. Null where it cannot be had. */
  async asset(request: { documentId: string; assetId?: string | undefined; path?: string | undefined }): Promise<Bytes | null> {
    if (request.assetId) return this.#runner.assets.get(request.assetId);
    const meta = this.#has(request.documentId) ? this.#o.parts.store.meta(request.documentId) : null;
    return meta && request.path ? readProjectPicture(this.#o.root, meta.file, request.path) : null;
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #show(): Promise<void> {
    const view = await this.view();
    const key = JSON.stringify(view);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#o.onPush({ kind: 'view', view });
  }

  #list(): DocumentView[] {
    const metas = this.#o.parts.store.documents(this.#o.root).filter((meta) => !this.#documents.removing.has(meta.documentId));
    return metas.map((meta) => documentView(meta, this.#projectId)).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #made(documentId: string): DocumentView {
    this.refresh();
    const view = this.#list().find(({ id }) => id === documentId);
    if (!view) throw notFound('The document');
    return view;
  }

  #has(documentId: string): boolean {
    return this.#o.parts.store.rootOf(documentId) === this.#o.root;
  }

  #bridge(): FolderBridge {
    const bridge = this.#o.parts.folders.get(this.#o.root);
    if (!bridge) throw new AppError('not_found', 'This folder is not linked any more. Choose it again.');
    return bridge;
  }

  /** With an account the sessions are those of the person's other devices. */
  #owner(): SessionOwner {
    const identity = this.#o.identity();
    const projectId = this.#o.parts.folders.get(this.#o.root)?.projectId;
    return identity && projectId ? { userId: identity.userId, projectId } : { userId: 'local', projectId: this.#o.root };
  }
}

function resultOf({ result, error }: Answer): unknown {
  if (!error) return result;
  throw new AppError(error.code in ERROR_CODES ? (error.code as ErrorCode) : 'unavailable', error.message);
}
