import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { Outline } from './outline.tsx';
import { RunHistory } from './run-history.tsx';
import { Variables } from './variables.tsx';

const TABS = ['Outline', 'Variables', 'Runs'] as const;

/** Outline, variables and runs beside the text; on narrow screens in a dialog. */
export function SidePanel({ onPick }: { onPick?: () => void }): ReactNode {
  const [tab, setTab] = useState<(typeof TABS)[number]>('Outline');
  const id = useId();
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const next = TABS.at((TABS.indexOf(tab) + step) % TABS.length)!;
    setTab(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div className="mk-side">
      <div role="tablist" aria-label="Panels" className="mk-tabs" onKeyDown={onKey}>
        {TABS.map((name) => (
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
        {tab === 'Variables' && <Variables />}
        {tab === 'Runs' && <RunHistory />}
      </div>
    </div>
  );
}
