import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from 'react';
import { flushSync } from 'react-dom';
import { Dialog } from '../ui/dialog.tsx';

export type PaletteItem = { id: string; label: string; detail?: string; keys?: string; run(): void };

/** A list that narrows as one types: commands, or documents. */
export function Palette({ label, items, onClose }: { label: string; items: readonly PaletteItem[]; onClose(): void }): ReactNode {
  const id = useId();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const found = useMemo(() => rank(items, query).slice(0, 50), [items, query]);
  const pick = (item: PaletteItem | undefined): void => {
    if (!item) return;
    // Closed first: what the command focuses can take the focus only then.
    flushSync(onClose);
    item.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) setAt((at + step + found.length) % found.length);
    else if (event.key === 'Enter') pick(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label={label} kind="center" onClose={onClose} bare>
      <div className="mk-palette">
        <input
          autoFocus
          role="combobox"
          aria-label={label}
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
          placeholder={label}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <div id={id} role="listbox" aria-label={label} tabIndex={-1}>
          {found.map((item, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled in the input, which keeps the focus
            <div
              key={item.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className="mk-palette-item"
              ref={index === at ? (element) => element?.scrollIntoView?.({ block: 'nearest' }) : undefined}
              onClick={() => pick(item)}
            >
              <span>
                {item.label}
                {item.detail && <small> {item.detail}</small>}
              </span>
              {item.keys && <kbd>{item.keys}</kbd>}
            </div>
          ))}
          {found.length === 0 && <p className="mk-empty">Nothing found.</p>}
        </div>
      </div>
    </Dialog>
  );
}

/** Items whose label or detail holds every word of the query; those that begin with it first. */
export function rank(items: readonly PaletteItem[], query: string): PaletteItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const score = (item: PaletteItem): number => {
    const label = item.label.toLowerCase();
    const all = `${label} ${item.detail?.toLowerCase() ?? ''}`;
    if (!words.every((word) => all.includes(word))) return -1;
    return words.length > 0 && label.startsWith(words[0]!) ? 2 : words.every((word) => label.includes(word)) ? 1 : 0;
  };
  return items
    .map((item) => ({ item, score: score(item) }))
    .filter((each) => each.score >= 0)
    .sort((a, b) => b.score - a.score)
    .map((each) => each.item);
}
