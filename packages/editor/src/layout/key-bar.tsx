import { cursorCharLeft, cursorCharRight, cursorLineDown, cursorLineUp, indentMore } from '@codemirror/commands';
import type { EditorView } from '@codemirror/view';
import type { ReactNode } from 'react';
import { yUndoManagerKeymap } from 'y-codemirror.next';
import { runInPlace } from '../codemirror/cell-commands.ts';
import { setPreviewMode } from '../codemirror/preview-mode.ts';
import { loadedTools } from '../codemirror/typing-tools.ts';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';

type Key = { label: string; name: string; press(view: EditorView): void };

const KEYS: readonly Key[] = [
  { label: '⇥', name: 'Tab', press: (view) => void tab(view) },
  ...['(', '[', '{', '"', "'", '_', '#', ':', '=', '`'].map(
    (text): Key => ({ label: text, name: `Type ${text}`, press: (view) => type(view, text) }),
  ),
  { label: '←', name: 'Left', press: (view) => void cursorCharLeft(view) },
  { label: '→', name: 'Right', press: (view) => void cursorCharRight(view) },
  { label: '↑', name: 'Up', press: (view) => void cursorLineUp(view) },
  { label: '↓', name: 'Down', press: (view) => void cursorLineDown(view) },
  { label: '↶', name: 'Undo', press: (view) => void yUndoManagerKeymap[0]?.run?.(view) },
];

/** WB5: what phones' keyboards lack, right above them. Pressing a key leaves the focus, and so the keyboard, where it is. */
export function KeyBar(): ReactNode {
  const { view, controller, current } = useSession();
  const editor = useLive(view);
  const cell = useLive(current);
  if (!editor) return null;
  return (
    <div className="mk-key-bar" role="toolbar" aria-label="Keys" onPointerDown={(event) => event.preventDefault()}>
      <div className="mk-keys">
        {KEYS.map((key) => (
          <button key={key.name} type="button" className="mk-key" aria-label={key.name} onClick={() => key.press(editor)}>
            {key.label}
          </button>
        ))}
      </div>
      <button
        type="button"
        className="mk-button mk-primary"
        disabled={!cell}
        onClick={() => (cell ? controller.run([cell.index]) : runInPlace(editor))}
      >
        <Icon name="play" size={16} />
        <span>Run</span>
      </button>
      <button type="button" className="mk-button" onClick={() => finishEditing(editor)}>
        Done
      </button>
    </div>
  );
}

function finishEditing(view: EditorView): void {
  view.dispatch({ effects: setPreviewMode.of('reading') });
  view.contentDOM.blur();
}

function tab(view: EditorView): boolean {
  const { main } = view.state.selection;
  if (!main.empty) return indentMore(view);
  type(view, '    ');
  return true;
}

function type(view: EditorView, text: string): void {
  view.dispatch(loadedTools()?.insertBracket(view.state, text) ?? { ...view.state.replaceSelection(text), userEvent: 'input.type' });
}
