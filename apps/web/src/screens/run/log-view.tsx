'use client';

import { useLayoutEffect, useRef, useState } from 'react';

const LINE_PX = 20;
const BEYOND = 20;

/** A log of any length: only the lines in view are in the page. Follows the end until the person scrolls up. */
export function LogView({ lines }: { lines: readonly string[] }) {
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  const [view, setView] = useState({ top: 0, height: 600 });
  const first = Math.max(0, Math.floor(view.top / LINE_PX) - BEYOND);
  const shown = lines.slice(first, first + Math.ceil(view.height / LINE_PX) + 2 * BEYOND);
  const count = lines.length;
  useLayoutEffect(() => {
    if (count > 0 && follow.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [count]);
  const onScroll = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }: React.UIEvent<HTMLDivElement>) => {
    follow.current = scrollTop + clientHeight >= scrollHeight - LINE_PX;
    setView({ top: scrollTop, height: clientHeight });
  };
  return (
    <section
      ref={box}
      aria-label="Log"
      data-testid="run-log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      onScroll={onScroll}
      className="max-h-[65vh] min-h-24 overflow-auto rounded-card border border-line bg-surface"
    >
      <div style={{ height: count * LINE_PX + 24 }} className="relative">
        <pre
          className="absolute inset-x-0 px-4 font-mono text-[0.8125rem]"
          style={{ top: first * LINE_PX + 12, lineHeight: `${LINE_PX}px` }}
        >
          {shown.join('\n')}
        </pre>
      </div>
    </section>
  );
}
