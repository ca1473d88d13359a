import type { EditorView } from '@codemirror/view';
import { currentCell, insertCell, runAndAdvance, runInPlace } from '../codemirror/cell-commands.ts';
import { type PreviewMode, setPreviewMode } from '../codemirror/preview-mode.ts';
import { openFind } from '../codemirror/typing-tools.ts';
import type { EditorSession, PanelName } from '../session.tsx';
import type { PaletteItem } from './palette.tsx';

/** Switches between drawn and raw markdown. */
export function toggleRaw(session: EditorSession): void {
  const next: PreviewMode = session.mode.get() === 'raw' ? (session.touch ? 'reading' : 'live') : 'raw';
  session.view.get()?.dispatch({ effects: setPreviewMode.of(next) });
}

/** Opens the find panel with the focus in it. */
export function find(session: EditorSession): void {
  const view = session.view.get();
  if (!view) return;
  void openFind(view);
}

/** Opens the side panel at one of its tabs, with the focus in it. */
export function showPanel(session: EditorSession, panel: PanelName): void {
  session.panel.set(panel);
  session.panelOpen.set(true);
}

/** Every command of the workspace, for the palette. */
export function paletteCommands(session: EditorSession): PaletteItem[] {
  const { controller, host } = session;
  const withView = (run: (view: EditorView) => void) => () => {
    const view = session.view.get();
    if (!view) return;
    view.focus();
    run(view);
  };
  return [
    { id: 'run', label: 'Run cell', keys: 'Ctrl Enter', run: withView(runInPlace) },
    { id: 'run-next', label: 'Run cell and go to the next', keys: 'Shift Enter', run: withView(runAndAdvance) },
    { id: 'run-all', label: 'Run all cells', run: () => controller.runAll() },
    { id: 'run-above', label: 'Run all above', run: withView((view) => controller.runAbove(currentCell(view)?.index ?? 0)) },
    { id: 'insert', label: 'Insert cell below', run: withView((view) => insertCell(view, currentCell(view))) },
    { id: 'find', label: 'Find in this document', keys: 'Ctrl F', run: () => find(session) },
    { id: 'files', label: 'Open another document', keys: 'Ctrl P', run: () => session.palette.set('files') },
    { id: 'raw', label: session.mode.get() === 'raw' ? 'Show drawn markdown' : 'Show markdown source', run: () => toggleRaw(session) },
    ...(host.versions ? [{ id: 'versions', label: 'Version history', run: () => showPanel(session, 'Versions') }] : []),
    { id: 'cell-runs', label: 'Runs of this cell', run: withView((view) => showCellRuns(session, currentCell(view)?.key)) },
    { id: 'restart', label: 'Restart session', detail: 'Variables are lost', run: () => askAboutSession(session, 'restart') },
    { id: 'reset', label: 'Clear variables', detail: 'The session goes on, empty', run: () => askAboutSession(session, 'reset') },
    { id: 'runs', label: 'All runs', run: () => host.navigate({ page: 'runs' }) },
    { id: 'devices', label: 'Devices', run: () => host.navigate({ page: 'devices' }) },
    { id: 'settings', label: 'Settings', run: () => host.navigate({ page: 'settings' }) },
    { id: 'dashboard', label: 'Projects', run: () => host.navigate({ page: 'dashboard' }) },
  ];
}

/** The project's documents, for quick open. */
export function paletteFiles(session: EditorSession): PaletteItem[] {
  return session.host.documents
    .get()
    .filter((document) => !document.deletedAt)
    .map((document) => ({
      id: document.id,
      label: document.title,
      detail: document.path,
      run: () => session.host.navigate({ documentId: document.id }),
    }));
}

function showCellRuns(session: EditorSession, key: number | undefined): void {
  if (key !== undefined) session.sheet.set({ kind: 'cell', key });
}

function askAboutSession(session: EditorSession, op: 'restart' | 'reset'): void {
  const last = session.runs.get()[0];
  session.sheet.set({ kind: 'session', op, language: last?.language ?? 'python', sessionName: last?.sessionName ?? 'default' });
}
