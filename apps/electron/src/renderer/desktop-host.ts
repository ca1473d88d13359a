import type { WorkspaceView } from '@markco/agent/desktop/workspace-view';
import type { DocumentView } from '@markco/core/contract/projects';
import { OUTPUT_FRAME_PATH } from '@markco/core/document/output-frame';
import type { Live, WorkspaceHost } from '@markco/editor/host';
import { createLive, type LiveValue } from '@markco/editor/live';
import { AssetUrls } from './asset-urls.ts';
import { attachDocument } from './attached-document.ts';
import { call, onPush } from './bridge.ts';
import { DocumentCache } from './document-cache.ts';
import { newId, sha256 } from './new-id.ts';
import { RunsOfFolder } from './runs-of-folder.ts';

/** A {@link WorkspaceHost} of one linked folder, and what the window around it needs. */
export interface DesktopHost extends WorkspaceHost {
  readonly root: string;
  readonly view: Live<WorkspaceView>;
  close(): void;
}

export interface DesktopHostOptions {
  root: string;
  navigate: WorkspaceHost['navigate'];
  /** Whether the agent's process is up. */
  online: Live<boolean>;
}

/** EL3: opens a folder: documents through the local relay, runs on this computer's runtimes. Rejects with words for the person. */
export async function openDesktopHost({ root, navigate, online }: DesktopHostOptions): Promise<DesktopHost> {
  const view = createLive(await call('openWorkspace', { root }));
  const cache = new DocumentCache((id) => attachDocument(id, (documentId) => call('documentTicket', { root, documentId })));
  const runs = new RunsOfFolder(root);
  const assets = new AssetUrls(root);
  const parts = followView(view);
  const stopPush = onPush('workspace', ({ root: from, push }) => {
    if (from !== root) return;
    if (push.kind === 'view') view.set(push.view);
    else runs.take(push.runId, push.item);
  });
  const stopOnline = online.subscribe(() => {
    if (!online.get()) return;
    cache.reconnect();
    void runs.afterRestart();
    void call('openWorkspace', { root }).then(view.set, () => undefined);
  });
  return {
    ...{ kind: 'desktop', root, view, online, navigate, newId, sha256, ...parts },
    ...documentCalls(root, view),
    outputFrame: OUTPUT_FRAME_PATH,
    open: (documentId) => cache.acquire(documentId),
    prefetch: (documentId) => cache.prefetch(documentId),
    runsOf: (documentId) => runs.of(documentId),
    startRuns: async (requests) => {
      for (const run of await call('startRuns', { root, runs: [...requests] })) runs.see(run);
      return 'sent';
    },
    watchRun: (runId, after, onItem) => runs.watch(runId, after, onItem),
    cancelRun: async (runId, force) => runs.see(await call('cancelRun', { root, runId, force })),
    sendInput: (runId, execId, text) => call('answerInput', { root, runId, execId, text }),
    // Runs on this computer never wait for another one (RU8).
    decideWaiting: async () => [],
    introspect: ({ language, sessionName, op, body }) => call('introspect', { root, language, sessionName, op: op as 'complete', body }),
    sessionOp: (request) => call('sessionOp', { root, ...request }),
    assetUrl: (request) => assets.get(request),
    measure: () => undefined,
    close: () => {
      stopPush();
      stopOnline();
      assets.close();
      cache.close();
    },
  };
}

/** The parts of the view the editor follows one by one; a part that says the same stays the same value. */
function followView(view: LiveValue<WorkspaceView>) {
  const part = <K extends keyof WorkspaceView>(key: K): Live<WorkspaceView[K]> => {
    const live = createLive(view.get()[key]);
    view.subscribe(() => {
      const next = view.get()[key];
      if (JSON.stringify(next) !== JSON.stringify(live.get())) live.set(next);
    });
    return live;
  };
  return {
    me: part('me'),
    project: part('project'),
    documents: part('documents'),
    devices: part('devices'),
    projectConfig: part('config'),
  };
}

type DocumentCalls = Pick<WorkspaceHost, 'createDocument' | 'renameDocument' | 'deleteDocument' | 'restoreDocument'>;

/** Each shows its effect at once; the agent's own view follows. */
function documentCalls(root: string, view: LiveValue<WorkspaceView>): DocumentCalls {
  const put = (document: DocumentView): DocumentView => {
    const others = view.get().documents.filter(({ id }) => id !== document.id);
    view.set({ ...view.get(), documents: [...others, document] });
    return document;
  };
  return {
    createDocument: async (path, text = '') => put(await call('createDocument', { root, path, text })),
    renameDocument: async (documentId, path) => put(await call('renameDocument', { root, documentId, path })),
    deleteDocument: async (documentId) => {
      await call('deleteDocument', { root, documentId });
      view.set({ ...view.get(), documents: view.get().documents.filter(({ id }) => id !== documentId) });
    },
    restoreDocument: async (documentId) => put(await call('restoreDocument', { root, documentId })),
  };
}
