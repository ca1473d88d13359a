import { type ReactNode, useMemo } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type { Live } from '../host.tsx';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';

type Person = { id: number; name: string; color: string };

/** Who else has the document open. */
export function Presence(): ReactNode {
  const { awareness } = useSession().open;
  const people = useLive(useMemo(() => othersOf(awareness), [awareness]));
  if (people.length === 0) return null;
  return (
    <ul className="mk-presence" aria-label="Also here">
      {people.slice(0, 4).map((person) => (
        <li key={person.id} title={person.name} style={{ borderColor: person.color }}>
          <span aria-hidden="true">{person.name.slice(0, 1).toUpperCase()}</span>
          <span className="mk-hidden">{person.name}</span>
        </li>
      ))}
      {people.length > 4 && <li>+{people.length - 4}</li>}
    </ul>
  );
}

function othersOf(awareness: Awareness): Live<readonly Person[]> {
  const read = (): readonly Person[] =>
    [...awareness.getStates()].flatMap(([id, state]) => {
      const user = (state as { user?: { name?: unknown; color?: unknown } }).user;
      if (id === awareness.clientID || typeof user?.name !== 'string') return [];
      const color = typeof user.color === 'string' && /^#[0-9a-f]{3,8}$/i.test(user.color) ? user.color : '#888888';
      return [{ id, name: user.name, color }];
    });
  let last = read();
  return {
    get: () => last,
    subscribe(listener) {
      const onChange = (): void => {
        const next = read();
        if (JSON.stringify(next) === JSON.stringify(last)) return;
        last = next;
        listener();
      };
      awareness.on('change', onChange);
      return () => awareness.off('change', onChange);
    },
  };
}
