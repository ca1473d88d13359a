import type { EditorView } from '@codemirror/view';
import type { RunView } from '@markco/core/run/run';
import { createContext, useContext } from 'react';
import type { KeyedCell, Structure } from './cells/structure.ts';
import type { PreviewMode } from './codemirror/preview-mode.ts';
import type { Live, OpenDocument, WorkspaceHost } from './host.tsx';
import { type LiveValue, useLive } from './live.ts';
import type { RunsByCell } from './runs/match-runs.ts';
import type { PendingRun, RunController } from './runs/run-controller.ts';

export type PanelName = 'Outline' | 'Variables' | 'Runs' | 'Versions';

/** The runs of a cell (by its key), one run, its whole log, or the question before a session is restarted or emptied. */
export type RunSheet =
  | { kind: 'cell'; key: number }
  | { kind: 'run' | 'log'; runId: string }
  | { kind: 'session'; op: 'restart' | 'reset'; language: string; sessionName: string };

/** One open document with its editor and its runs: what the components inside the workspace share. */
export type EditorSession = {
  host: WorkspaceHost;
  open: OpenDocument;
  controller: RunController;
  view: LiveValue<EditorView | null>;
  structure: LiveValue<Structure>;
  runs: Live<readonly RunView[]>;
  runsByCell: Live<RunsByCell>;
  /** The cell with the cursor, or while reading the one in the middle of the screen. */
  current: LiveValue<KeyedCell | null>;
  mode: LiveValue<PreviewMode>;
  focused: LiveValue<boolean>;
  palette: LiveValue<'commands' | 'files' | null>;
  /** What the side panel shows; on narrow screens it is a dialog, open or not. */
  panel: LiveValue<PanelName>;
  panelOpen: LiveValue<boolean>;
  /** What of runs is shown above the document, or null. */
  sheet: LiveValue<RunSheet | null>;
  touch: boolean;
  /** Why the document can only be read here (FB2), or null. */
  readOnly: string | null;
};

const SessionContext = createContext<EditorSession | null>(null);
export const SessionProvider = SessionContext.Provider;

/** The session of the surrounding workspace; throws outside of one. */
export function useSession(): EditorSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession needs a SessionProvider above it');
  return session;
}

/** The newest run of a cell: as the server tells it, or as it was tapped here. */
export type CellRun = { run: RunView | null; pending: PendingRun | null; earlier: RunView | null };

/** Follows the newest run of a cell; `earlier`: the newest that began, whose output is still the cell's. */
export function useCellRun(key: number): CellRun {
  const { runs, runsByCell, controller } = useSession();
  const all = useLive(runs);
  const pending = useLive(controller.pending);
  const ids = useLive(runsByCell).get(key) ?? [];
  const newest = ids[0];
  const views = ids.flatMap((id) => all.find((run) => run.id === id) ?? []);
  return {
    run: views[0]?.id === newest ? (views[0] ?? null) : null,
    pending: pending.find((run) => run.id === newest) ?? null,
    earlier: views.find((run) => run.startedAt) ?? null,
  };
}
