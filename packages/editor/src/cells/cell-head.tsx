import { isTerminal } from '@markco/core/run/is-terminal';
import type { ReactNode } from 'react';
import { goTo } from '../codemirror/cell-commands.ts';
import { revealSource } from '../codemirror/fold-guard.ts';
import { structureOf } from '../codemirror/structure-field.ts';
import { useLive } from '../live.ts';
import { runnableLanguages } from '../runs/runnable-languages.ts';
import { useCellRun, useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { RunMenu } from './run-menu.tsx';

type Props = { cellKey: number; index: number; language: string; info: string };

/** The bar above a cell's code: language, Run or Stop, and what else can be done with it. */
export function CellHead({ cellKey, index, language, info }: Props): ReactNode {
  const session = useSession();
  const { run, pending } = useCellRun(cellKey);
  const runnable = runnableLanguages(useLive(session.host.devices)).has(language);
  const active = (run !== null && !isTerminal(run.state)) || pending?.state === 'sending';
  return (
    <section className="mk-cell-head" aria-label={`Cell ${index + 1}, ${language}`}>
      <button
        type="button"
        className="mk-badge"
        title={`\`\`\`${info}`}
        aria-label={`${language}: edit the cell's first line`}
        onClick={() => showSource(session, cellKey)}
      >
        {language}
      </button>
      <span className="mk-grow" />
      {runnable && !active && (
        <button
          type="button"
          className="mk-button mk-run"
          data-testid="cell-run"
          data-cell-index={index}
          aria-label={`Run cell ${index + 1}`}
          onClick={() => session.controller.run([index])}
        >
          <Icon name="play" size={16} />
          <span>Run</span>
        </button>
      )}
      {active && (
        <button
          type="button"
          className="mk-button mk-run"
          data-testid="cell-stop"
          data-cell-index={index}
          aria-label={`Stop cell ${index + 1}`}
          disabled={!run || run.cancelRequestedAt !== null}
          onClick={() => run && session.controller.cancel(run)}
        >
          <Icon name="stop" size={16} />
          <span>Stop</span>
        </button>
      )}
      {runnable && <RunMenu cellKey={cellKey} index={index} language={language} />}
      <Menu label={`More for cell ${index + 1}`} items={() => cellItems(session, cellKey)} className="mk-button mk-quiet">
        <Icon name="dots" />
      </Menu>
    </section>
  );
}

type Session = ReturnType<typeof useSession>;

function cellItems(session: Session, key: number): MenuItem[] {
  return [
    { label: 'Copy code', icon: 'file', onSelect: () => void navigator.clipboard?.writeText(codeOf(session, key)) },
    { label: 'Edit first line', icon: 'pen', onSelect: () => showSource(session, key) },
    { label: 'Show output source', icon: 'code', onSelect: () => showSource(session, key, true) },
    { label: 'Delete cell', icon: 'cross', danger: true, onSelect: () => deleteCell(session, key) },
  ];
}

function cellOf(session: Session, key: number) {
  const view = session.view.get();
  const cell = view ? structureOf(view.state).cells.find((each) => each.key === key) : undefined;
  return view && cell ? { view, cell } : null;
}

function codeOf(session: Session, key: number): string {
  const found = cellOf(session, key);
  return found ? found.view.state.doc.sliceString(found.cell.codeStart, Math.max(found.cell.codeStart, found.cell.codeEnd - 1)) : '';
}

function showSource(session: Session, key: number, output = false): void {
  const found = cellOf(session, key);
  if (!found) return;
  const { view, cell } = found;
  view.focus();
  const at = output ? (cell.output?.start ?? cell.codeEnd) : view.state.doc.lineAt(cell.fenceStart).to;
  view.dispatch({ selection: { anchor: at }, annotations: revealSource.of(true), scrollIntoView: true });
}

function deleteCell(session: Session, key: number): void {
  const found = cellOf(session, key);
  if (!found) return;
  const { view, cell } = found;
  const from = view.state.doc.lineAt(cell.fenceStart).from;
  view.dispatch({ changes: { from, to: cell.output?.end ?? cell.fenceEnd }, annotations: revealSource.of(true), userEvent: 'delete.cell' });
  goTo(view, from);
}
