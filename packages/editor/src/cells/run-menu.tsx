import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { placeOf } from '../runs/run-places.ts';
import { targetNameOf } from '../runs/run-status.ts';
import { whenText } from '../runs/times.ts';
import { type EditorSession, useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { targetItems } from './target-items.ts';

type Props = { cellKey: number; index: number; language: string };

/** Everything about running one cell: what, where, again, and how it went before. */
export function RunMenu({ cellKey, index, language }: Props): ReactNode {
  const session = useSession();
  return (
    <Menu
      label={`Run options for cell ${index + 1}`}
      items={() => runItems(session, cellKey, index, language)}
      className="mk-button mk-quiet"
      testId="cell-run-menu"
    >
      <Icon name="down" />
    </Menu>
  );
}

function runItems(session: EditorSession, key: number, index: number, language: string): (MenuItem | 'line')[] {
  const { controller } = session;
  const guess = controller.guess(language);
  return [
    {
      label: 'Run',
      icon: 'play',
      keys: 'Ctrl Enter',
      detail: guess.detail,
      onSelect: () => controller.run([index]),
    },
    ...again(session, key, index, guess.label),
    'line',
    { label: 'Run all above', icon: 'up', disabled: index === 0, onSelect: () => controller.runAbove(index) },
    { label: 'Run all above and this', icon: 'up', disabled: index === 0, onSelect: () => controller.runAbove(index, true) },
    { label: 'Run all cells', icon: 'list', onSelect: () => controller.runAll() },
    'line',
    ...targetItems(session, language, (target) => controller.run([index], target), 'Run'),
    'line',
    ...history(session, key),
    {
      label: 'Restart session…',
      icon: 'undo',
      danger: true,
      detail: 'Its variables are lost',
      onSelect: () => session.sheet.set({ kind: 'session', op: 'restart', ...sessionOf(session, language) }),
    },
    {
      label: 'Clear variables…',
      icon: 'cross',
      danger: true,
      detail: 'The session goes on, empty',
      onSelect: () => session.sheet.set({ kind: 'session', op: 'reset', ...sessionOf(session, language) }),
    },
  ];
}

const runsOf = (session: EditorSession, key: number): RunView[] => {
  const ids = session.runsByCell.get().get(key) ?? [];
  return session.runs.get().filter((run) => ids.includes(run.id));
};

/** "Run again": the same place as last time, where it would go elsewhere by itself. */
function again(session: EditorSession, key: number, index: number, next: string): MenuItem[] {
  const last = runsOf(session, key)[0];
  const target = last ? placeOf(last) : null;
  const name = last ? targetNameOf(last, session.host.devices.get()) : null;
  if (!target || !name || name === next) return [];
  const where = target.kind === 'cloud' ? 'in the cloud' : `on ${name}`;
  return [
    { label: `Run again ${where}`, icon: 'play', detail: 'Where it ran last', onSelect: () => session.controller.run([index], target) },
  ];
}

function history(session: EditorSession, key: number): MenuItem[] {
  const own = runsOf(session, key);
  const last = own[0];
  return [
    {
      label: 'Runs of this cell',
      icon: 'history',
      detail: last ? `The last one ${whenText(last.createdAt, Date.now())}` : 'None that are known here yet',
      onSelect: () => session.sheet.set({ kind: 'cell', key }),
    },
    ...(last?.startedAt
      ? [{ label: 'Open full log', icon: 'file', onSelect: () => session.sheet.set({ kind: 'log', runId: last.id }) } satisfies MenuItem]
      : []),
  ];
}

/** The session of this language as the last run named it. */
function sessionOf(session: EditorSession, language: string): { language: string; sessionName: string } {
  const last = session.runs.get().find((run) => canonicalLanguage(run.language) === canonicalLanguage(language));
  return { language, sessionName: last?.sessionName ?? 'default' };
}
