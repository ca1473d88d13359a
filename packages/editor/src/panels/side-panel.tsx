import { type KeyboardEvent, type ReactNode, useId } from 'react';
import { useLive } from '../live.ts';
import { type PanelName, useSession } from '../session.tsx';
import { Late } from '../ui/late.tsx';
import { Outline } from './outline.tsx';

// WB9: they come when they are looked at, all at once.
const panels = () => import('./late-panels.ts');
const loadVariables = async () => (await panels()).Variables;
const loadRuns = async () => (await panels()).RunHistory;
const loadVersions = async () => (await panels()).VersionHistory;

const TABS: readonly PanelName[] = ['Outline', 'Variables', 'Runs', 'Versions'];

/** Outline, variables, runs and versions beside the text; on narrow screens in a dialog. */
export function SidePanel({ onPick }: { onPick?: () => void }): ReactNode {
  const { host, panel } = useSession();
  const tab = useLive(panel);
  const setTab = panel.set;
  const tabs = host.versions ? TABS : TABS.filter((name) => name !== 'Versions');
  const id = useId();
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const next = tabs.at((tabs.indexOf(tab) + step) % tabs.length)!;
    setTab(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div className="mk-side">
      <div role="tablist" aria-label="Panels" className="mk-tabs" onKeyDown={onKey}>
        {tabs.map((name) => (
          <button
            key={name}
            id={`${id}-${name}`}
            type="button"
            role="tab"
            aria-selected={tab === name}
            aria-controls={`${id}-panel`}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${tab}`} className="mk-side-body">
        {tab === 'Outline' && <Outline {...(onPick && { onPick })} />}
        {tab === 'Variables' && <Late key={tab} load={loadVariables} />}
        {tab === 'Runs' && <Late key={tab} load={loadRuns} />}
        {tab === 'Versions' && <Late key={tab} load={loadVersions} />}
      </div>
    </div>
  );
}
