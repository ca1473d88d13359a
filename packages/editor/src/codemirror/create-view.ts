import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import * as Y from 'yjs';
import type { KeyedCell } from '../cells/structure.ts';
import type { EditorSession } from '../session.tsx';
import { currentCell } from './cell-commands.ts';
import { editorExtensions } from './editor-extensions.ts';
import type { PortalRegistry } from './portals.ts';
import { previewField, setPreviewMode } from './preview-mode.ts';
import type { EditorServices } from './services.ts';
import { structureField, structureOf } from './structure-field.ts';

/** Puts an editor of the session's document into `parent`; its text is what the Y.Doc holds now. */
export function createView(
  session: EditorSession,
  parent: HTMLElement,
  registry: PortalRegistry,
  services: EditorServices,
  at = 0,
): EditorView {
  const ytext = session.open.doc.getText('content');
  const undoManager = new Y.UndoManager(ytext);
  const doc = ytext.toString();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc,
      selection: { anchor: Math.min(at, doc.length) },
      extensions: [
        editorExtensions({ ytext, awareness: session.open.awareness, undoManager, registry, services, touch: session.touch }),
        EditorState.readOnly.of(session.readOnly !== null),
        tellSession(session),
        tapToEdit(),
        // Told later, it would draw everything twice.
        previewField.init(() => ({ mode: session.mode.get(), touched: false })),
      ],
    }),
  });
  session.structure.set(structureOf(view.state));
  session.view.set(view);
  updateCurrent(session, view);
  return view;
}

/** Keeps what React follows in step with the editor. */
function tellSession(session: EditorSession) {
  let scheduled = 0;
  return [
    EditorView.updateListener.of((update) => {
      const before = update.startState.field(structureField);
      const now = update.state.field(structureField);
      if (now.fresh !== before.fresh) session.structure.set(now.structure);
      session.mode.set(update.state.field(previewField).mode);
      if (update.focusChanged) session.focused.set(update.view.hasFocus);
      if (update.selectionSet || update.focusChanged || update.viewportChanged || now.fresh !== before.fresh)
        updateCurrent(session, update.view);
    }),
    EditorView.domEventObservers({
      scroll(_event, view) {
        cancelAnimationFrame(scheduled);
        scheduled = requestAnimationFrame(() => updateCurrent(session, view));
      },
    }),
  ];
}

function updateCurrent(session: EditorSession, view: EditorView): void {
  const { mode, touched } = view.state.field(previewField);
  // Before the cursor is anywhere, and while reading: what the person looks at.
  if (mode !== 'reading' && touched) {
    setCurrent(session, currentCell(view));
    return;
  }
  view.requestMeasure({
    key: 'mk-current',
    read: () => {
      const { scrollTop, clientHeight } = view.scrollDOM;
      return view.lineBlockAtHeight(scrollTop + clientHeight * 0.4).from;
    },
    write: (from) => {
      const { cells } = structureOf(view.state);
      const above = cells.filter((cell) => cell.fenceStart <= from + 1).at(-1);
      setCurrent(session, above ?? cells[0]);
    },
  });
}

/** Its offsets move with every key; what is shown of it changes seldom. */
function setCurrent(session: EditorSession, cell: KeyedCell | undefined): void {
  const known = session.current.get();
  const same = known && cell && known.key === cell.key && known.index === cell.index && known.language === cell.language;
  if (!same) session.current.set(cell ?? null);
}

/** WB5: while reading, a tap on a block edits it there. */
function tapToEdit() {
  return EditorView.domEventHandlers({
    click(event, view) {
      if (view.state.field(previewField).mode !== 'reading') return false;
      if ((event.target as Element).closest('a,button,input,summary,label,.mk-link,.mk-portal-head,.mk-portal-foot,iframe')) return false;
      if (!window.getSelection()?.isCollapsed) return false;
      editAt(view, view.posAtCoords({ x: event.clientX, y: event.clientY }, false));
      return true;
    },
  });
}

/** Leaves reading with the cursor at an offset. Must run in the person's own event, or phones show no keyboard. */
export function editAt(view: EditorView, offset: number): void {
  view.dispatch({ effects: setPreviewMode.of('live') });
  view.focus();
  view.dispatch({ selection: { anchor: offset }, scrollIntoView: true, userEvent: 'select' });
}
