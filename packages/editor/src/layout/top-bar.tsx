import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { find, showPanel, toggleRaw } from './commands.ts';
import { Presence } from './presence.tsx';
import { SaveBadge } from './save-badge.tsx';
import { TargetButton } from './target-button.tsx';

type Props = { title: string; wide: boolean; onMenu(): void };

/** Title, save state, and what can be done with the document. */
export function TopBar({ title, wide, onMenu }: Props): ReactNode {
  const session = useSession();
  const { host, controller } = session;
  const raw = useLive(session.mode) === 'raw';
  const items = (): (MenuItem | 'line')[] => [
    { label: 'Run all cells', icon: 'play', onSelect: () => controller.runAll() },
    { label: 'Find', icon: 'search', onSelect: () => find(session) },
    { label: 'Open another document', icon: 'file', onSelect: () => session.palette.set('files') },
    ...(wide
      ? []
      : [{ label: 'Outline, variables, runs', icon: 'list', onSelect: () => showPanel(session, 'Outline') } satisfies MenuItem]),
    ...(host.versions
      ? [{ label: 'Version history', icon: 'history', onSelect: () => showPanel(session, 'Versions') } satisfies MenuItem]
      : []),
    { label: raw ? 'Show drawn markdown' : 'Show markdown source', icon: 'code', onSelect: () => toggleRaw(session) },
    { label: 'All commands', icon: 'key', onSelect: () => session.palette.set('commands') },
    'line',
    { label: 'Projects', icon: 'folder', onSelect: () => host.navigate({ page: 'dashboard' }) },
    { label: 'Runs', icon: 'history', onSelect: () => host.navigate({ page: 'runs' }) },
    { label: 'Devices', icon: 'laptop', onSelect: () => host.navigate({ page: 'devices' }) },
  ];
  return (
    <header className="mk-top">
      {!wide && (
        <button type="button" className="mk-button mk-quiet" aria-label="Documents" data-testid="menu-button" onClick={onMenu}>
          <Icon name="menu" />
        </button>
      )}
      <div className={wide ? 'mk-heading' : 'mk-heading mk-stacked'}>
        <h1 className="mk-title mk-ellipsis">{title}</h1>
        <SaveBadge open={session.open} />
      </div>
      {wide && <Presence />}
      {wide && <TargetButton />}
      {wide && (
        <button type="button" className="mk-button" onClick={() => controller.runAll()}>
          <Icon name="play" size={16} />
          <span>Run all</span>
        </button>
      )}
      <Menu label="More" className="mk-button mk-quiet" items={items} testId="more-menu">
        <Icon name="dots" />
      </Menu>
    </header>
  );
}
