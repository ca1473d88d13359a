import { type ComponentType, type ReactNode, useEffect, useState } from 'react';

type Load = () => Promise<ComponentType>;

const loaded = new Map<Load, ComponentType>();

/**
 * WB9: a component whose code comes with its first use. Where it cannot be had, it says so, and is asked for again the next time. `load`:
 * the same function each time.
 */
export function Late({ load }: { load: Load }): ReactNode {
  const [missing, setMissing] = useState(false);
  const [, setHere] = useState(loaded.has(load));
  useEffect(() => {
    if (loaded.has(load)) return;
    let current = true;
    load().then(
      (made) => {
        loaded.set(load, made);
        if (current) setHere(true);
      },
      () => current && setMissing(true),
    );
    return () => {
      current = false;
    };
  }, [load]);
  const Component = loaded.get(load);
  if (Component) return <Component />;
  return missing ? <p className="mk-empty">This cannot be loaded without the server. Try again when you are connected.</p> : null;
}
