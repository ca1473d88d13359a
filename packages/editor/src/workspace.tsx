import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { EditorPane } from './editor-pane.tsx';
import type { HeldEditor } from './held-editor.ts';
import { type WorkspaceHost, WorkspaceHostProvider } from './host.tsx';
import { FileTree } from './layout/file-tree.tsx';
import { KeyBar } from './layout/key-bar.tsx';
import { RunAnnouncer } from './layout/run-announcer.tsx';
import { RunBar } from './layout/run-bar.tsx';
import { GonePanel, Skeleton } from './layout/states.tsx';
import { TopBar } from './layout/top-bar.tsx';
import { WaitingBanner } from './layout/waiting-banner.tsx';
import { WorkspacePalette } from './layout/workspace-palette.tsx';
import { useLive } from './live.ts';
import { SidePanel } from './panels/side-panel.tsx';
import { SessionProvider, useSession } from './session.tsx';
import { Dialog } from './ui/dialog.tsx';
import { useTouch, useVisualViewport, useWide } from './ui/hooks.ts';
import { Late } from './ui/late.tsx';
import { useEditor } from './use-editor.ts';

/**
 * The whole workspace for one document: tree, editor with cells, side panel; on phones reading first with bars at the thumb. It fills its
 * nearest positioned parent's width and the visible height. Changing `documentId` switches documents.
 */
export function Workspace({ host, documentId }: { host: WorkspaceHost; documentId: string }): ReactNode {
  return (
    <WorkspaceHostProvider value={host}>
      <Shell host={host} documentId={documentId} />
    </WorkspaceHostProvider>
  );
}

function Shell({ host, documentId }: { host: WorkspaceHost; documentId: string }): ReactNode {
  const wide = useWide();
  const touch = useTouch();
  const viewport = useVisualViewport();
  const editor = useEditor(host, documentId, touch);
  const [drawer, setDrawer] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock starts again with each document
  const began = useMemo(() => performance.now(), [documentId]);
  // With the on-screen keyboard up, the workspace is what the keyboard leaves: bars then stand right above it (WB5).
  const style = touch && viewport ? { height: viewport.height, top: viewport.top } : undefined;
  return (
    <div className={`mk-root${touch ? ' mk-touch' : ''}${viewport?.keyboard ? ' mk-keyboard' : ''}`} style={style}>
      {wide && (
        <aside className="mk-left">
          <FileTree documentId={documentId} />
        </aside>
      )}
      {editor ? (
        <SessionProvider value={editor.session}>
          <Body key={documentId} editor={editor} wide={wide} began={began} onMenu={() => setDrawer(true)} />
        </SessionProvider>
      ) : (
        <main className="mk-main" />
      )}
      {drawer && (
        <Dialog label="Documents" kind="left" onClose={() => setDrawer(false)}>
          <FileTree documentId={documentId} onPick={() => setDrawer(false)} />
        </Dialog>
      )}
    </div>
  );
}

let opened = false;

// WB9: it comes when it is first asked for.
const loadRunSheet = async () => (await import('./panels/run-sheet.tsx')).RunSheetView;

type BodyProps = { editor: HeldEditor; wide: boolean; began: number; onMenu(): void };

function Body({ editor, wide, began, onMenu }: BodyProps): ReactNode {
  const session = useSession();
  const { host, open, touch } = session;
  const panel = useLive(session.panelOpen);
  const side = useRef<HTMLElement>(null);
  const ready = useLive(open.ready);
  const gone = useLive(open.gone);
  const documents = useLive(host.documents);
  const mode = useLive(session.mode);
  const focused = useLive(session.focused);
  const sheet = useLive(session.sheet);
  const document = documents.find((each) => each.id === open.id);
  const onShown = useCallback(() => {
    host.measure(opened ? 'doc_switch_ttfc_ms' : 'doc_open_ttfc_ms', performance.now() - began, open.from());
    opened = true;
  }, [host, open, began]);
  useEffect(() => {
    if (!panel || !wide) return;
    // It is there already: asked for, it gets the focus.
    session.panelOpen.set(false);
    side.current?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
  }, [panel, wide, session]);
  const typing = touch && focused && mode !== 'reading';
  return (
    <>
      <main className="mk-main">
        <TopBar title={document?.title ?? 'Document'} wide={wide} onMenu={onMenu} />
        <WaitingBanner />
        {gone === null ? ready ? <EditorPane editor={editor} onShown={onShown} /> : <Skeleton /> : <GonePanel reason={gone} />}
        {gone === null && ready && (typing ? <KeyBar /> : !wide && <RunBar />)}
      </main>
      {wide && (
        <aside ref={side} className="mk-right" aria-label="Outline, variables, runs and versions">
          <SidePanel />
        </aside>
      )}
      {panel && !wide && (
        <Dialog label="About this document" kind="full" onClose={() => session.panelOpen.set(false)}>
          <SidePanel onPick={() => session.panelOpen.set(false)} />
        </Dialog>
      )}
      {sheet && <Late load={loadRunSheet} />}
      <WorkspacePalette />
      <RunAnnouncer />
    </>
  );
}
