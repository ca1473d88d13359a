import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { AnsiText } from './ansi-text.tsx';

/** Lines drawn below a cell at most; a stream of 200,000 lines costs no more (RU21). */
export const SHOWN_LINES = 500;
const CHUNK = 100;

type Props = { name: 'stdout' | 'stderr'; lines: readonly string[]; dropped: number; onOpenLog?: (() => void) | undefined };

/** The end of a stream; what came before is counted and opens as the full log. */
export function StreamBlock({ name, lines, dropped, onOpenLog }: Props): ReactNode {
  const box = useRef<HTMLPreElement>(null);
  const follow = useRef(true);
  const hidden = dropped + Math.max(0, lines.length - SHOWN_LINES);
  const tail = lines.slice(-SHOWN_LINES);
  const last = tail.at(-1) === '' ? tail.length - 1 : tail.length;
  // Long streams scroll in their own box, which stays at its end until the person scrolls up.
  useLayoutEffect(() => {
    if (box.current && follow.current) box.current.scrollTop = box.current.scrollHeight;
  });
  return (
    <>
      {hidden > 0 && (
        <p className="mk-hidden-lines">
          {hidden.toLocaleString('en')} lines hidden
          {onOpenLog && (
            <button type="button" className="mk-link-button" onClick={onOpenLog}>
              open full log
            </button>
          )}
        </p>
      )}
      <pre
        ref={box}
        className={`mk-stream mk-${name}`}
        tabIndex={last > 20 ? 0 : undefined}
        title={name === 'stderr' ? 'Error stream' : undefined}
        onScroll={(event) => {
          const element = event.currentTarget;
          follow.current = element.scrollHeight - element.scrollTop - element.clientHeight < 8;
        }}
      >
        {chunks(tail.slice(0, last), hidden).map((chunk) => (
          <AnsiText key={chunk.key} text={chunk.text} />
        ))}
      </pre>
    </>
  );
}

/** Pieces that keep their key and text while lines come in below, so that only the last is drawn again. */
function chunks(lines: readonly string[], first: number): { key: number; text: string }[] {
  const result: { key: number; text: string }[] = [];
  let at = 0;
  while (at < lines.length) {
    const number = first + at;
    const size = Math.min(CHUNK - (number % CHUNK), lines.length - at);
    const text = lines.slice(at, at + size).join('\n');
    result.push({ key: Math.floor(number / CHUNK), text: at + size < lines.length ? `${text}\n` : text });
    at += size;
  }
  return result;
}
