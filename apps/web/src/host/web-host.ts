import type { AppRouter } from '@markco/api/app-router';
import type { MeView } from '@markco/core/contract/auth';
import type { DocumentView, ProjectView } from '@markco/core/contract/projects';
import type { DeviceView } from '@markco/core/device/device';
import { OUTPUT_FRAME_PATH } from '@markco/core/document/output-frame';
import type { CreateRunInput, RunView } from '@markco/core/run/run';
import type { Live, WorkspaceHost } from '@markco/editor/host';
import { createLive } from '@markco/editor/live';
import type { TRPCClient } from '@trpc/client';
import { digest as sha256 } from 'lib0/hash/sha256';
import { v7 } from 'uuid';
import { followRun } from '../data/follow-run.ts';
import { DocumentCache } from './document-cache.ts';
import * as local from './local-db.ts';
import { browserPlace, Measures } from './measures.ts';
import { createOnline, isNetworkFailure } from './online.ts';
import { openDocument } from './open-document.ts';
import { type KeptConfig, ProjectConfigFollower } from './project-config.ts';
import { RunOutbox } from './run-outbox.ts';
import { RunsOfDocument } from './runs-of-document.ts';
import { ticketRefusal } from './ticket-refusal.ts';

const COLORS = ['#2563eb', '#0f766e', '#b45309', '#be185d', '#6d28d9', '#15803d'];
const LIST_POLL_MS = 30_000;
/** A burst of changes is one reading of the list. */
const LIST_SETTLE_MS = 300;

/** Where the host lets the page know what it should show. */
export interface WebHostOptions {
  origin: string;
  client: TRPCClient<AppRouter>;
  project: ProjectView;
  me: MeView;
  navigate: WorkspaceHost['navigate'];
  /** WB4: runs that were kept offline for more than five minutes. */
  onStaleRuns?: (count: number, decide: (decision: 'run' | 'discard') => Promise<void>) => void;
}

/** A {@link WorkspaceHost} and what the page around it needs. */
export interface WebHost extends WorkspaceHost {
  /** True once the list of documents is known, from this browser or the server. */
  readonly listed: Live<boolean>;
  /** Follows a rename, changed settings, or a newly linked device. */
  setProject(project: ProjectView): void;
  close(): void;
}

/** The web's {@link WorkspaceHost}: tRPC for rows, the relay for documents, IndexedDB for everything that must work offline. */
export function createWebHost(options: WebHostOptions): WebHost {
  const api = { client: options.client };
  const online = createOnline();
  const me = createLive<MeView | null>(options.me);
  const project = createLive(options.project);
  const documents = createLive<readonly DocumentView[]>([]);
  const listed = createLive(false);
  const devices = createLive<readonly DeviceView[]>([]);
  const runs = new Map<string, RunsOfDocument>();
  const stops: (() => void)[] = [];

  /** Every request goes through here, so that "online" is what the last one showed. */
  const ask = async <T>(request: () => Promise<T>): Promise<T> => {
    try {
      const answer = await request();
      online.heard();
      return answer;
    } catch (error) {
      if (isNetworkFailure(error)) online.missed();
      else online.heard();
      throw error;
    }
  };

  const measures = new Measures(browserPlace(options.origin));

  const cache = new DocumentCache((documentId) =>
    openDocument(documentId, {
      ticket: (id) =>
        ask(() => api.client.documents.ticket.query({ documentId: id, mode: 'write' })).catch((error: unknown) => {
          throw ticketRefusal(error);
        }),
      user: {
        id: options.me.id,
        name: options.me.name ?? options.me.email ?? 'You',
        color: COLORS[Number.parseInt(options.me.id.slice(0, 4), 16) % COLORS.length]!,
      },
      onConfirmed: (ms) => measures.add({ name: 'doc_sync_rtt_ms', ms }),
      keepReplaced: (documentId, text) => {
        if (text === '') return;
        const kept = { reason: 'replaced_history', items: [{ documentId, text }] } as const;
        // Merging is safe without it: the version is a convenience, and offline there is no merge.
        void ask(() => api.client.documents.versions.keep.mutate({ ...kept, items: [...kept.items] })).catch(() => undefined);
      },
    }),
  );

  const runsFor = (documentId: string): RunsOfDocument => {
    let list = runs.get(documentId);
    if (!list) {
      list = new RunsOfDocument(async () => (await ask(() => api.client.runs.list.query({ documentId, limit: 100 }))) as RunView[]);
      runs.set(documentId, list);
    }
    return list;
  };
  const see = (run: RunView) => runsFor(run.documentId).merge(run);

  const outbox = new RunOutbox(async (requests) => {
    const first = requests[0]!;
    if (requests.length === 1) see((await ask(() => api.client.runs.create.mutate(first))) as RunView);
    else
      for (const run of (await ask(() =>
        api.client.runs.createBatch.mutate({ batchId: first.batchId!, runs: [...requests] }),
      )) as RunView[])
        see(run);
  });

  const configKey = `config:${options.project.id}`;
  const config = new ProjectConfigFollower({
    read: async (documentId) => (await ask(() => api.client.documents.get.query({ documentId }))).text,
    kept: () => local.read<KeptConfig>('cache', configKey),
    keep: (kept) => void local.write('cache', configKey, kept),
  });
  stops.push(documents.subscribe(() => config.see(documents.get())));

  const listKey = `documents:${options.project.id}`;
  const refreshDocuments = async () => {
    try {
      const list = (await ask(() => api.client.projects.documents.query({ projectId: options.project.id }))) as DocumentView[];
      documents.set(list);
      listed.set(true);
      void local.write('cache', listKey, list);
    } catch {
      // Offline: the list as it was last seen stays.
    }
  };
  let soon: ReturnType<typeof setTimeout> | undefined;
  const refreshSoon = () => {
    clearTimeout(soon);
    soon = setTimeout(() => void refreshDocuments(), LIST_SETTLE_MS);
  };
  const flushOutbox = async () => {
    const { stale } = await outbox.flush();
    const count = stale.reduce((sum, kept) => sum + kept.runs.length, 0);
    if (count > 0) {
      options.onStaleRuns?.(count, async (decision) => {
        for (const kept of stale) await outbox.decide(kept.id, decision);
      });
    }
  };
  // Documents wake by themselves (sync's client).
  const wake = () => {
    void refreshDocuments();
    void flushOutbox();
  };
  const follow = () => {
    void local.read<DocumentView[]>('cache', listKey).then((kept) => {
      if (!kept || listed.get()) return;
      documents.set(kept);
      listed.set(true);
    });
    void refreshDocuments();
    void flushOutbox();
    const timer = setInterval(() => void refreshDocuments(), LIST_POLL_MS);
    const onVisible = () => document.visibilityState === 'visible' && wake();
    window.addEventListener('online', wake);
    document.addEventListener('visibilitychange', onVisible);
    const changes = api.client.documents.watch.subscribe({ projectId: options.project.id }, { onData: () => refreshSoon() });
    const subscription = api.client.devices.watch.subscribe(undefined, { onData: (list) => devices.set(list as DeviceView[]) });
    stops.push(
      () => clearInterval(timer),
      () => window.removeEventListener('online', wake),
      () => document.removeEventListener('visibilitychange', onVisible),
      () => subscription.unsubscribe(),
      () => changes.unsubscribe(),
      () => clearTimeout(soon),
    );
  };
  follow();

  const changed = async <T>(request: () => Promise<T>): Promise<T> => {
    const answer = await ask(request);
    void refreshDocuments();
    return answer;
  };

  return {
    kind: 'web',
    me,
    project,
    documents,
    listed,
    devices,
    projectConfig: config.live,
    configReady: () => config.ready(),
    online,
    outputFrame: OUTPUT_FRAME_PATH,
    setProject: project.set,
    open: (documentId) => cache.acquire(documentId),
    prefetch: (documentId) => cache.prefetch(documentId),
    createDocument: (path, text = '') =>
      changed(() => api.client.documents.create.mutate({ projectId: options.project.id, path, text })) as Promise<DocumentView>,
    renameDocument: (documentId, path) => changed(() => api.client.documents.rename.mutate({ documentId, path })) as Promise<DocumentView>,
    deleteDocument: async (documentId) => void (await changed(() => api.client.documents.remove.mutate({ documentId }))),
    restoreDocument: (documentId) => changed(() => api.client.documents.restore.mutate({ documentId })) as Promise<DocumentView>,
    versions: {
      list: (documentId) => ask(() => api.client.documents.versions.list.query({ documentId })),
      read: async (documentId, versionId) => (await ask(() => api.client.documents.versions.read.query({ documentId, versionId }))).text,
      restore: (documentId, versionId) => ask(() => api.client.documents.versions.restore.mutate({ documentId, versionId })),
    },
    runsOf: (documentId) => runsFor(documentId).live,
    startRuns: (requests: readonly CreateRunInput[]) => outbox.submit(requests),
    watchRun: (runId, after, onItem, { abridged = false } = {}) => {
      const subscribe: typeof api.client.runs.watch.subscribe = (input, handlers) =>
        api.client.runs.watch.subscribe({ ...input, abridged }, handlers);
      return followRun(subscribe, runId, after, (item) => {
        if (item.type === 'run') see(item.run);
        onItem(item);
      });
    },
    cancelRun: async (runId, force) => see((await ask(() => api.client.runs.cancel.mutate({ runId, force }))) as RunView),
    sendInput: async (runId, execId, text) => void (await ask(() => api.client.runs.input.mutate({ runId, execId, text }))),
    decideWaiting: (runIds, decision) => ask(() => api.client.runs.decideWaiting.mutate({ runIds: [...runIds], decision })),
    olderRuns: (documentId) =>
      runsFor(documentId).loadOlder(
        async (before) => (await ask(() => api.client.runs.list.query({ documentId, limit: 100, before }))) as RunView[],
      ),
    introspect: ({ documentId, language, sessionName, op, body }) =>
      ask(() =>
        api.client.runs.introspect.query({ projectId: options.project.id, documentId, language, sessionName, op: op as 'complete', body }),
      ),
    sessionOp: async (request) => void (await ask(() => api.client.runs.sessionOp.mutate({ projectId: options.project.id, ...request }))),
    assetUrl: async ({ assetId, path, documentId }) => {
      if (assetId) return `${options.origin}/api/assets/${assetId}`;
      if (!path || /^[a-z]+:/i.test(path)) return path ?? null;
      if (path.startsWith('/')) return `${options.origin}${path}`;
      return `${options.origin}/api/documents/${documentId}/asset?path=${encodeURIComponent(path)}`;
    },
    measure: (name, ms, cache) => measures.add({ name, ms, cache }),
    newId: () => v7(),
    // Not crypto.subtle: it is missing where the phone reaches this computer over plain http.
    sha256: async (text) => [...sha256(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    navigate: options.navigate,
    close: () => {
      for (const stop of stops) stop();
      cache.close();
      measures.close();
    },
  };
}
