import type { MeView } from '@markco/core/contract/auth';
import type { DocumentView, ProjectView } from '@markco/core/contract/projects';
import type { VersionView } from '@markco/core/contract/versions';
import type { DeviceView } from '@markco/core/device/device';
import type { CreateRunInput, RunView } from '@markco/core/run/run';
import type { RunEvent, RunEventBody, RunWatchItem } from '@markco/core/run/run-event';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { OpenDocument, SaveState, WorkspaceHost } from '../host.tsx';
import { createLive, type LiveValue } from '../live.ts';

type FakeDocument = OpenDocument & {
  save: LiveValue<SaveState>;
  ready: LiveValue<boolean>;
  gone: LiveValue<string | null>;
  replacedBy: LiveValue<OpenDocument | null>;
};

/** A host in memory: documents are Y.Docs, runs do what the test tells them. */
export type FakeHost = WorkspaceHost & {
  readonly calls: { name: string; args: unknown[] }[];
  documentOf(id: string): FakeDocument;
  /** Ends an attached document, as a host does with one that was not looked at for long; opened again, it is attached anew. */
  letGo(id: string): void;
  /** How many follow a run's events now. */
  watchersOf(runId: string): number;
  runs: Map<string, LiveValue<readonly RunView[]>>;
  online: LiveValue<boolean>;
  devices: LiveValue<readonly DeviceView[]>;
  me: LiveValue<MeView | null>;
  /** Adds an event to a run and tells its watchers; seq is given. */
  emit(runId: string, body: RunEventBody): void;
  /** Changes a run and tells its followers. */
  change(runId: string, change: Partial<RunView>): void;
  /** What `introspect` answers, by op. */
  answers: Map<string, unknown>;
  /** Makes the next `startRuns` fail with these words, or keep. */
  nextStart: { fail?: string; keep?: boolean };
  /** What `versions` has of every document, the newest first. */
  versionsOf: { view: VersionView; text: string }[];
};

export const PROJECT_ID = '00000000-0000-4000-8000-000000000001';
export const LAPTOP_ID = '00000000-0000-4000-8000-0000000000aa';
const SAVED: SaveState = { connection: 'connected', synced: true, unsaved: 0, keptLocally: true };

/** Builds a {@link FakeHost} with these documents, by path. */
export function fakeHost(texts: Record<string, string>, options: { onNavigate?: (id: string) => void } = {}): FakeHost {
  const calls: FakeHost['calls'] = [];
  const documents = createLive<readonly DocumentView[]>(Object.keys(texts).map((path, index) => documentView(path, index)));
  const open = new Map<string, FakeDocument>();
  const runs: FakeHost['runs'] = new Map();
  const events = new Map<string, RunEvent[]>();
  const watchers = new Map<string, Set<(item: RunWatchItem) => void>>();
  const note = (name: string, ...args: unknown[]): void => void calls.push({ name, args });
  let ids = 0;

  const runsOf = (documentId: string): LiveValue<readonly RunView[]> => {
    if (!runs.has(documentId)) runs.set(documentId, createLive<readonly RunView[]>([]));
    return runs.get(documentId)!;
  };
  const documentOf = (id: string): FakeDocument => {
    let found = open.get(id);
    if (!found) {
      const path = documents.get().find((document) => document.id === id)?.path ?? '';
      found = fakeDocument(id, texts[path] ?? '');
      open.set(id, found);
    }
    return found;
  };
  const tell = (runId: string, item: RunWatchItem): void => {
    for (const watcher of [...(watchers.get(runId) ?? [])]) watcher(item);
  };
  const host: FakeHost = {
    calls,
    runs,
    documentOf,
    letGo(id) {
      documentOf(id).doc.destroy();
      open.delete(id);
    },
    watchersOf: (runId) => watchers.get(runId)?.size ?? 0,
    answers: new Map(),
    nextStart: {},
    kind: 'web',
    me: createLive<MeView | null>(fakeMe()),
    project: createLive(fakeProject()),
    documents,
    devices: createLive<readonly DeviceView[]>([fakeDevice()]),
    online: createLive(true),
    open(id) {
      note('open', id);
      return documentOf(id);
    },
    prefetch: (id) => note('prefetch', id),
    async createDocument(path, text = '') {
      note('createDocument', path, text);
      const view = documentView(path, documents.get().length);
      texts[path] = text;
      documents.set([...documents.get(), view]);
      return view;
    },
    async renameDocument(id, path) {
      note('renameDocument', id, path);
      documents.set(documents.get().map((each) => (each.id === id ? { ...each, path, title: path } : each)));
      return documents.get().find((each) => each.id === id)!;
    },
    async deleteDocument(id) {
      note('deleteDocument', id);
      documents.set(documents.get().map((each) => (each.id === id ? { ...each, deletedAt: new Date() } : each)));
    },
    async restoreDocument(id) {
      note('restoreDocument', id);
      documents.set(documents.get().map((each) => (each.id === id ? { ...each, deletedAt: null } : each)));
      return documents.get().find((each) => each.id === id)!;
    },
    versions: {
      list: async (id) => {
        note('versions.list', id);
        return host.versionsOf.map(({ view }) => view);
      },
      read: async (_id, versionId) => host.versionsOf.find(({ view }) => view.id === versionId)!.text,
      restore: async (id, versionId) => {
        note('versions.restore', id, versionId);
        const content = documentOf(id).doc.getText('content');
        const before: VersionView = {
          ...{ id: fakeId(++ids), kind: 'point', at: new Date(), reason: 'restore' },
          ...{ by: host.me.get()?.name ?? null, size: content.length },
        };
        const { text } = host.versionsOf.find(({ view }) => view.id === versionId)!;
        host.versionsOf = [{ view: before, text: content.toString() }, ...host.versionsOf];
        content.doc!.transact(() => {
          content.delete(0, content.length);
          content.insert(0, text);
        });
        return { changed: true, before };
      },
    },
    versionsOf: [],
    runsOf,
    async startRuns(inputs) {
      note('startRuns', inputs);
      const { fail, keep } = host.nextStart;
      host.nextStart = {};
      if (fail) throw new Error(fail);
      if (keep) return 'kept';
      for (const input of inputs) {
        const live = runsOf(input.documentId);
        live.set([fakeRun(input), ...live.get()]);
      }
      return 'sent';
    },
    watchRun(runId, after, onItem) {
      note('watchRun', runId, after);
      for (const event of events.get(runId) ?? []) if (event.seq > after) onItem({ type: 'event', event });
      const own = watchers.get(runId) ?? new Set();
      watchers.set(runId, own.add(onItem));
      return () => void own.delete(onItem);
    },
    async cancelRun(runId, force) {
      note('cancelRun', runId, force);
      host.change(runId, { cancelRequestedAt: new Date() });
    },
    async sendInput(runId, execId, text) {
      note('sendInput', runId, execId, text);
    },
    async decideWaiting(runIds, decision) {
      note('decideWaiting', runIds, decision);
      const live = [...runs.values()].flatMap((list) => list.get()).filter((run) => runIds.includes(run.id) && run.state === 'queued');
      for (const { id } of live)
        host.change(id, decision === 'discard' ? { state: 'cancelled', exitReason: 'discarded' } : { heldSince: null });
      return live.map((run) => run.id);
    },
    async introspect(request) {
      note('introspect', request);
      if (!host.answers.has(request.op)) throw new Error('The runtime did not answer in time.');
      return host.answers.get(request.op);
    },
    async sessionOp(request) {
      note('sessionOp', request);
    },
    async assetUrl(request) {
      note('assetUrl', request);
      return null;
    },
    measure: (name, ms, cache) => note('measure', name, ms, cache),
    newId: () => fakeId(++ids),
    sha256: async (text) => sha256(text),
    navigate(target) {
      note('navigate', target);
      if (target.documentId) options.onNavigate?.(target.documentId);
    },
    emit(runId, body) {
      const list = events.get(runId) ?? [];
      const event: RunEvent = { seq: list.length + 1, at: Date.now(), body };
      events.set(runId, [...list, event]);
      tell(runId, { type: 'event', event });
    },
    change(runId, change) {
      for (const live of runs.values()) {
        if (!live.get().some((run) => run.id === runId)) continue;
        live.set(live.get().map((run) => (run.id === runId ? { ...run, ...change } : run)));
        tell(runId, { type: 'run', run: live.get().find((run) => run.id === runId)! });
      }
    },
  } as FakeHost;
  return host;
}

function fakeDocument(id: string, text: string): FakeDocument {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return {
    id,
    doc,
    awareness: new Awareness(doc),
    from: () => 'warm' as const,
    epoch: () => 'epoch-1',
    ready: createLive(true),
    save: createLive(SAVED),
    replacedBy: createLive<OpenDocument | null>(null),
    gone: createLive<string | null>(null),
    release() {},
  };
}

/** Another history of the same document, as after a reset of the relay. */
export const fakeReplacement = (id: string, text: string): OpenDocument => fakeDocument(id, text);

const fakeId = (n: number): string => `0197${n.toString(16).padStart(4, '0')}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The id of the nth document. */
export const documentIdAt = (index: number): string => `00000000-0000-4000-9000-${String(index).padStart(12, '0')}`;

function documentView(path: string, index: number): DocumentView {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.q?md$/, '');
  const title = name
    .replace(/^\d+-/, '')
    .replace(/-/g, ' ')
    .replace(/^./, (letter) => letter.toUpperCase());
  const at = new Date('2026-05-01T10:00:00Z');
  return {
    id: documentIdAt(index),
    projectId: PROJECT_ID,
    path,
    title,
    epoch: 'epoch-1',
    size: 1,
    contentHash: '',
    updatedAt: at,
    createdAt: at,
    deletedAt: null,
    status: 'ok',
  };
}

export function fakeMe(): MeView {
  return {
    id: '00000000-0000-4000-8000-000000000002',
    name: 'Ada',
    email: null,
    image: null,
    isLocal: true,
    settings: { fallbackToCloud: true, defaultTarget: null },
    notices: [],
  };
}

export function fakeProject(change: Partial<ProjectView> = {}): ProjectView {
  return {
    id: PROJECT_ID,
    slug: 'samples',
    name: 'Samples',
    ownerId: fakeMe().id,
    documentCount: 3,
    lastEditAt: null,
    createdAt: new Date(0),
    fallbackToCloud: null,
    attachments: [],
    ...change,
  };
}

export function fakeDevice(change: Partial<DeviceView> = {}): DeviceView {
  return {
    id: LAPTOP_ID,
    name: 'MacBook Pro',
    kind: 'desktop',
    platform: 'darwin',
    presence: 'online',
    allowRuns: true,
    lastSeenAt: new Date(),
    createdAt: new Date(0),
    agentVersion: '1',
    runtimes: [{ runtimeId: 'py', language: 'python', kind: 'native', label: 'Python 3.13', state: 'available' }],
    projectIds: [PROJECT_ID],
    ...change,
  };
}

/** What the server would show of a request it just took. */
export function fakeRun(input: CreateRunInput, change: Partial<RunView> = {}): RunView {
  return {
    id: input.runId,
    projectId: input.projectId,
    documentId: input.documentId,
    docPath: 'a.md',
    projectSlug: 'samples',
    language: input.language,
    sessionName: input.sessionName ?? 'default',
    code: input.code,
    cellIndex: input.cellIndex ?? null,
    batchId: input.batchId ?? null,
    ordinal: input.ordinal ?? null,
    state: 'queued',
    attempt: 0,
    awaitingInput: null,
    cancelRequestedAt: null,
    contactLostSince: null,
    target: { kind: 'device', deviceId: LAPTOP_ID },
    reason: 'device_online',
    freshSession: false,
    ranOn: null,
    codeChanged: false,
    message: null,
    exitReason: null,
    createdAt: new Date(),
    startedAt: null,
    endedAt: null,
    lastSeq: 0,
    ...change,
  };
}
