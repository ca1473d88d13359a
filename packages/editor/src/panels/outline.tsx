import { type ReactNode, useMemo } from 'react';
import { goTo } from '../codemirror/cell-commands.ts';
import { structureOf } from '../codemirror/structure-field.ts';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';

/** The headings of the document; a click goes there. */
export function Outline({ onPick }: { onPick?: () => void }): ReactNode {
  const session = useSession();
  const { headings } = useLive(session.structure);
  // Offsets move with every reading; what is drawn changes when a heading does.
  const drawn = headings.map(({ level, text }) => `${level}${text}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `drawn` says what of the headings is shown
  const items = useMemo(() => {
    const pick = (place: number): void => {
      const view = session.view.get();
      // Offsets moved since the outline was read: the same heading, where it is now.
      const heading = view && structureOf(view.state).headings[place];
      if (heading) goTo(view, heading.from);
      onPick?.();
    };
    return headings.map((heading, place) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a heading has no name but its place
      <li key={place} style={{ paddingInlineStart: `${(heading.level - 1) * 0.75}rem` }}>
        <button type="button" className="mk-list-button" onClick={() => pick(place)}>
          {plain(heading.text) || 'Untitled'}
        </button>
      </li>
    ));
  }, [drawn, session, onPick]);
  if (headings.length === 0) return <p className="mk-empty">Headings appear here: begin a line with #.</p>;
  return (
    <ul className="mk-outline" aria-label="Outline">
      {items}
    </ul>
  );
}

const plain = (markdown: string): string => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*_`]/g, '');
