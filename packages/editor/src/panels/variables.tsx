import { isTerminal } from '@markco/core/run/is-terminal';
import { type ReactNode, useEffect, useState } from 'react';
import { useLive } from '../live.ts';
import { wordsOf } from '../runs/run-controller.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';

type Variable = { name: string; type: string; value: string; shape: string };

/** What the runtime session holds (AG7); read again after each run. */
export function Variables(): ReactNode {
  const { host, open, runs, sheet, current } = useSession();
  const all = useLive(runs);
  const [variables, setVariables] = useState<readonly Variable[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const last = all[0];
  const language = useLive(current)?.language ?? last?.language ?? 'python';
  const sessionName = last?.sessionName ?? 'default';
  const asking = useLive(sheet)?.kind === 'session';
  const settled = last && isTerminal(last.state) ? last.id : '';
  // biome-ignore lint/correctness/useExhaustiveDependencies: `settled`, `asked` and `asking` say when to read again
  useEffect(() => {
    let live = true;
    if (!last || asking) return;
    host.introspect({ documentId: open.id, language, sessionName, op: 'variables', body: {} }).then(
      (reply) => {
        if (!live) return;
        setProblem(null);
        setVariables(readVariables(reply));
      },
      (error: unknown) => live && setProblem(wordsOf(error)),
    );
    return () => {
      live = false;
    };
  }, [host, open.id, language, sessionName, settled, asked, asking]);
  const session = (op: 'restart' | 'reset'): void => sheet.set({ kind: 'session', op, language, sessionName });
  return (
    <div className="mk-panel-body">
      <div className="mk-panel-tools">
        <button type="button" className="mk-button mk-small" disabled={!last} onClick={() => setAsked((count) => count + 1)}>
          Refresh
        </button>
        <button type="button" className="mk-button mk-small" disabled={!last} onClick={() => session('restart')}>
          Restart session…
        </button>
        <button type="button" className="mk-button mk-small" disabled={!last} onClick={() => session('reset')}>
          Clear variables…
        </button>
      </div>
      {problem && (
        <p role="alert" className="mk-problem">
          <Icon name="warn" size={16} /> {problem}
        </p>
      )}
      {!variables || variables.length === 0 ? (
        <p className="mk-empty">{last ? 'No variables yet.' : 'Run a cell, and its variables appear here.'}</p>
      ) : (
        <VariableTable variables={variables} />
      )}
    </div>
  );
}

function VariableTable({ variables }: { variables: readonly Variable[] }): ReactNode {
  return (
    <table className="mk-variables">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Type</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {variables.map((variable) => (
          <tr key={variable.name}>
            <th scope="row">{variable.name}</th>
            <td>
              {variable.type}
              {variable.shape && <small> {variable.shape}</small>}
            </td>
            <td title={variable.value}>{variable.value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** An MRP answer to `/variables`, as rows; anything else is no rows. */
export function readVariables(reply: unknown): Variable[] {
  const list = (reply as { variables?: unknown } | null)?.variables;
  if (!Array.isArray(list)) return [];
  return list.slice(0, 500).flatMap((each: Record<string, unknown> | null) => {
    if (typeof each?.name !== 'string') return [];
    const shape = Array.isArray(each.shape) ? each.shape.join(' × ') : typeof each.length === 'number' ? String(each.length) : '';
    return [{ name: each.name, type: text(each.type), value: text(each.value).slice(0, 300), shape }];
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value));
