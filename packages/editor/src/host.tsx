import type { MeView } from '@markco/core/contract/auth';
import type { DocumentView, ProjectView } from '@markco/core/contract/projects';
import type { RestoreVersionReply, VersionView } from '@markco/core/contract/versions';
import type { DeviceView } from '@markco/core/device/device';
import type { ProjectConfig } from '@markco/core/project/mrmd-config';
import type { CreateRunInput, RunView } from '@markco/core/run/run';
import type { RunWatchItem } from '@markco/core/run/run-event';
import { createContext, useContext } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

/** A value that changes, in the shape `useSyncExternalStore` wants. */
export interface Live<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

/** WB9: where a document's first content came from: attached already, kept on this device, the server. */
export type CacheState = 'hot' | 'warm' | 'cold';

/** SY5: what may be said about the edits of this client. */
export interface SaveState {
  readonly connection: 'connecting' | 'connected' | 'offline' | 'refused';
  readonly synced: boolean;
  readonly unsaved: number;
  /** Unsaved edits are kept on this device and survive a reload (false in private windows without storage). */
  readonly keptLocally: boolean;
  readonly problem?: string;
}

/** An attached document. The Y.Doc holds cached text at once; `ready` turns true when there is something to show (cache or server). */
export interface OpenDocument {
  readonly id: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly epoch: () => string;
  readonly ready: Live<boolean>;
  /** Where what is shown came from, for who opened it; known once `ready`. */
  readonly from: () => CacheState;
  readonly save: Live<SaveState>;
  /** Set when the history was replaced: the editor re-attaches to this document's new Y.Doc. */
  readonly replacedBy: Live<OpenDocument | null>;
  readonly gone: Live<string | null>;
  release(): void;
}

/** WB2: what a document was. All of them reject with words for the person. */
export interface DocumentVersions {
  /** The newest first. */
  list(documentId: string): Promise<readonly VersionView[]>;
  read(documentId: string, versionId: string): Promise<string>;
  /** An edit that everyone sees arrive; `before` takes it back. */
  restore(documentId: string, versionId: string): Promise<RestoreVersionReply>;
}

/** Everything the workspace needs from where it lives: the web app and the desktop window implement it. */
export interface WorkspaceHost {
  readonly kind: 'web' | 'desktop';
  readonly me: Live<MeView | null>;
  readonly project: Live<ProjectView>;
  readonly documents: Live<readonly DocumentView[]>;
  readonly devices: Live<readonly DeviceView[]>;
  /** What the project's `mrmd.md` says (session names, order of pages); null while that is not known, and where there is none. */
  readonly projectConfig?: Live<ProjectConfig | null>;
  /** Resolves when `projectConfig` may be asked for a run's session, soon in any case (RU3). Absent where it is always known. */
  configReady?(): Promise<void>;
  /** Whether this client reaches the server now. */
  readonly online: Live<boolean>;
  /** The address of core's output frame page (WB7). Without it outputs stand in the window under the window's own policy. */
  readonly outputFrame?: string;
  open(documentId: string): OpenDocument;
  /** WB3: warm the cache when a name is hovered. */
  prefetch(documentId: string): void;
  createDocument(path: string, text?: string): Promise<DocumentView>;
  renameDocument(documentId: string, path: string): Promise<DocumentView>;
  deleteDocument(documentId: string): Promise<void>;
  restoreDocument(documentId: string): Promise<DocumentView>;
  /** Absent where nobody keeps versions (a desktop without an account). */
  readonly versions?: DocumentVersions;
  /** Every run of the document this client knows, newest first; fills as it loads and follows changes. */
  runsOf(documentId: string): Live<readonly RunView[]>;
  /** RU2: keeps the request before it sends it; resolves when the server has it, or when it is kept to be sent later. Rejects with words for the person. */
  startRuns(runs: readonly CreateRunInput[]): Promise<'sent' | 'kept'>;
  /**
   * RU17: backlog, then live; calls back for each item; returns the stop function. `abridged`: of a stream only its end is shown, so that
   * the host may leave out and count what came before it.
   */
  watchRun(runId: string, after: number, onItem: (item: RunWatchItem) => void, options?: { abridged?: boolean }): () => void;
  cancelRun(runId: string, force: boolean): Promise<void>;
  sendInput(runId: string, execId: string, text: string): Promise<void>;
  /** RU8. Answers the ids that were still waiting and are decided now. */
  decideWaiting(runIds: readonly string[], decision: 'run' | 'discard'): Promise<readonly string[]>;
  /** Adds older runs of the document to `runsOf`; answers how many came. Absent where all of them are known. */
  olderRuns?(documentId: string): Promise<number>;
  /** AG7; rejects on time-out, answers MRP bodies. */
  introspect(request: {
    documentId: string;
    language: string;
    sessionName: string;
    op: string;
    body: Record<string, unknown>;
  }): Promise<unknown>;
  sessionOp(request: { language: string; sessionName: string; op: 'restart' | 'reset' }): Promise<void>;
  /** The address of an image: an asset of a run, or a path relative to the document. Null where it cannot be had. */
  assetUrl(request: { assetId?: string; path?: string; documentId: string }): Promise<string | null>;
  /** Reports a measurement in milliseconds (WB9). */
  measure(name: 'doc_open_ttfc_ms' | 'doc_switch_ttfc_ms', ms: number, cache: CacheState): void;
  /** New UUIDv7 for a run or batch. */
  newId(): string;
  /** SHA-256 hex of the UTF-8 text. */
  sha256(text: string): Promise<string>;
  navigate(target: { documentId?: string; page?: 'dashboard' | 'runs' | 'devices' | 'settings' }): void;
}

const HostContext = createContext<WorkspaceHost | null>(null);
export const WorkspaceHostProvider = HostContext.Provider;

/** The host of the surrounding workspace; throws outside of one. */
export function useHost(): WorkspaceHost {
  const host = useContext(HostContext);
  if (!host) throw new Error('useHost needs a WorkspaceHostProvider above it');
  return host;
}
