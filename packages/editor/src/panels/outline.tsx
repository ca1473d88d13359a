import type { ReactNode } from 'react';
import { goTo } from '../codemirror/cell-commands.ts';
import { structureOf } from '../codemirror/structure-field.ts';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';

/** The headings of the document; a click goes there. */
export function Outline({ onPick }: { onPick?: () => void }): ReactNode {
  const session = useSession();
  const { headings } = useLive(session.structure);
  if (headings.length === 0) return <p className="mk-empty">Headings appear here: begin a line with #.</p>;
  const pick = (place: number): void => {
    const view = session.view.get();
    // Offsets moved since the outline was read: the same heading, where it is now.
    const heading = view && structureOf(view.state).headings[place];
    if (heading) goTo(view, heading.from);
    onPick?.();
  };
  return (
    <ul className="mk-outline" aria-label="Outline">
      {headings.map((heading, place) => (
        <li key={heading.from} style={{ paddingInlineStart: `${(heading.level - 1) * 0.75}rem` }}>
          <button type="button" className="mk-list-button" onClick={() => pick(place)}>
            {plain(heading.text) || 'Untitled'}
          </button>
        </li>
      ))}
    </ul>
  );
}

const plain = (markdown: string): string => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*_`]/g, '');
