import type { EditorView } from '@codemirror/view';
import type { KeyedCell } from './cells/structure.ts';
import { readStructure, type Structure } from './cells/structure.ts';
import type { PreviewMode } from './codemirror/preview-mode.ts';
import { structureOf } from './codemirror/structure-field.ts';
import type { OpenDocument, WorkspaceHost } from './host.tsx';
import { createLive } from './live.ts';
import { type Matchable, matchRuns, type RunsByCell } from './runs/match-runs.ts';
import { RunController } from './runs/run-controller.ts';
import type { EditorSession, PanelName, RunSheet } from './session.tsx';

/** A session that is kept while its document is not looked at. */
export type FollowingSession = EditorSession & {
  /** Follows the document's runs until the returned function is called. */
  follow(): () => void;
  close(): void;
};

/** Makes the session of an open document; `follow` while it is shown, and `close` when it is not wanted any more. */
export function createSession(host: WorkspaceHost, open: OpenDocument, touch: boolean): FollowingSession {
  const controller = new RunController(host, open);
  const runs = host.runsOf(open.id);
  const structure = createLive<Structure>(readStructure(''));
  const view = createLive<EditorView | null>(null);
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
    // Where the cells are now: `structure` is told when a shape changes, not when all of it moves (RU20).
    const shown = view.get();
    const { cells } = shown ? structureOf(shown.state) : structure.get();
    runsByCell.set(matchRuns(cells, all, controller.anchorOffsets()));
  };
  return {
    follow() {
      const stops = [structure, runs, controller.pending].map((live) => live.subscribe(rematch));
      stops.push(controller.follow());
      rematch();
      return () => {
        for (const stop of stops) stop();
      };
    },
    close: () => controller.close(),
    host,
    open,
    controller,
    runs,
    structure,
    runsByCell,
    touch,
    readOnly: readOnlyReason(host, open.id),
    view,
    current: createLive<KeyedCell | null>(null),
    mode: createLive<PreviewMode>(touch ? 'reading' : 'live'),
    focused: createLive(false),
    palette: createLive<'commands' | 'files' | null>(null),
    sheet: createLive<RunSheet | null>(null),
    panel: createLive<PanelName>('Outline'),
    panelOpen: createLive(false),
  };
}

/** Why the document can only be read here (FB2), in words for the person, or null. */
export function readOnlyReason(host: WorkspaceHost, documentId: string): string | null {
  switch (host.documents.get().find((document) => document.id === documentId)?.status) {
    case 'too_large':
      return 'This file is too large to edit here. Edit it on the computer that holds it.';
    case 'read_only':
      return 'This document can only be read here.';
    default:
      return null;
  }
}
