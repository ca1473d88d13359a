import type { EditorView } from '@codemirror/view';
import type { KeyedCell } from './cells/structure.ts';
import { readStructure, type Structure } from './cells/structure.ts';
import type { PreviewMode } from './codemirror/preview-mode.ts';
import type { OpenDocument, WorkspaceHost } from './host.tsx';
import { createLive } from './live.ts';
import { type Matchable, matchRuns, type RunsByCell } from './runs/match-runs.ts';
import { RunController } from './runs/run-controller.ts';
import type { EditorSession, PanelName } from './session.tsx';

/** Makes the session of an open document; call `close` when it is left. */
export function createSession(host: WorkspaceHost, open: OpenDocument, touch: boolean): EditorSession & { close(): void } {
  const controller = new RunController(host, open);
  const runs = host.runsOf(open.id);
  const structure = createLive<Structure>(readStructure(''));
  const runsByCell = createLive<RunsByCell>(new Map());
  const rematch = (): void => {
    const known = runs.get();
    const tapped = controller.pending.get().map(
      (run): Matchable => ({
        id: run.id,
        code: run.draft.code,
        language: run.draft.language,
        cellIndex: run.draft.cellIndex ?? null,
        state: 'queued',
      }),
    );
    const all = [...tapped.filter((run) => !known.some((each) => each.id === run.id)), ...known];
    // Ids are UUIDv7: they sort by time.
    all.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    runsByCell.set(matchRuns(structure.get().cells, all, controller.anchorOffsets()));
  };
  const stops = [structure.subscribe(rematch), runs.subscribe(rematch), controller.pending.subscribe(rematch)];
  rematch();
  return {
    host,
    open,
    controller,
    runs,
    structure,
    runsByCell,
    touch,
    readOnly: readOnlyReason(host, open.id),
    view: createLive<EditorView | null>(null),
    current: createLive<KeyedCell | null>(null),
    mode: createLive<PreviewMode>(touch ? 'reading' : 'live'),
    focused: createLive(false),
    palette: createLive<'commands' | 'files' | null>(null),
    log: createLive<string | null>(null),
    panel: createLive<PanelName>('Outline'),
    panelOpen: createLive(false),
    close() {
      for (const stop of stops) stop();
      controller.close();
    },
  };
}

function readOnlyReason(host: WorkspaceHost, documentId: string): string | null {
  switch (host.documents.get().find((document) => document.id === documentId)?.status) {
    case 'too_large':
      return 'This file is too large to edit here. Edit it on the computer that holds it.';
    case 'read_only':
      return 'This document can only be read here.';
    default:
      return null;
  }
}
