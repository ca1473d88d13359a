import { formatElapsed } from '@markco/core/run/duration-words';
import { type ReactNode, useEffect, useState } from 'react';

/** Until then {@link formatElapsed} tells tenths of a second, in ms. */
const TENTHS_MS = 10_000;

/** How long something goes on, drawn as often as its words change, so that a page never says less than it took. */
export function Elapsed({ since }: { since: Date }): ReactNode {
  const began = since.getTime();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setTimeout(() => setNow(Date.now()), now - began < TENTHS_MS ? 100 : 1000);
    return () => clearTimeout(timer);
  }, [began, now]);
  return <span className="mk-elapsed">{formatElapsed(now - began)}</span>;
}
