import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type * as Y from 'yjs';
import { changedLines, type LineRun } from './changed-lines.ts';

/** Unchanged lines that stay in sight around a change. */
const AROUND = 3;
/** Fewer are shown rather than folded. */
const FOLD_FROM = 4;
/** Lines of one stretch that are drawn at once; the rest at a tap. */
const AT_ONCE = 400;
const SIGNS = { same: ' ', gone: '−', back: '+' } as const;
const WORDS = { same: '', gone: 'Goes: ', back: 'Comes back: ' } as const;

/** A version's text with what a restore would change in the document of now, which may go on changing. */
export function VersionText({ doc, text }: { doc: Y.Doc; text: string }): ReactNode {
  const now = useTextOf(doc);
  const [whole, setWhole] = useState(false);
  const runs = useMemo(() => changedLines(now, text), [now, text]);
  const count = (kind: LineRun['kind']) => runs.reduce((sum, run) => sum + (run.kind === kind ? run.lines.length : 0), 0);
  const [gone, back] = [count('gone'), count('back')];
  const unchanged = gone + back === 0;
  return (
    <>
      <div className="mk-panel-tools mk-version-count">
        <span data-testid="version-count">
          {unchanged
            ? 'The document says the same now.'
            : `${lines(back)} ${back === 1 ? 'comes' : 'come'} back (+), ${lines(gone)} ${gone === 1 ? 'goes' : 'go'} (−).`}
        </span>
        <label className="mk-check">
          <input type="checkbox" checked={whole} onChange={(event) => setWhole(event.target.checked)} />
          Whole text
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className="mk-version-text" tabIndex={0} aria-label="Text of this version" data-testid="version-text">
        {runs.map((run, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the runs are made anew together
          <Run key={index} run={run} first={index === 0} last={index === runs.length - 1} whole={whole || unchanged} />
        ))}
      </section>
    </>
  );
}

function Run({ run, first, last, whole }: { run: LineRun; first: boolean; last: boolean; whole: boolean }): ReactNode {
  const [all, setAll] = useState(false);
  const { kind, lines: own } = run;
  const head = first ? 0 : AROUND;
  const tail = last ? 0 : AROUND;
  const folded = kind === 'same' && !whole && !all && own.length >= head + tail + FOLD_FROM;
  if (folded) {
    return (
      <>
        <Lines kind={kind} lines={own.slice(0, head)} />
        <button type="button" className="mk-version-fold" onClick={() => setAll(true)}>
          {lines(own.length - head - tail)} unchanged: show
        </button>
        <Lines kind={kind} lines={own.slice(own.length - tail)} />
      </>
    );
  }
  const cut = !all && own.length > AT_ONCE;
  return (
    <>
      <Lines kind={kind} lines={cut ? own.slice(0, AT_ONCE) : own} />
      {cut && (
        <button type="button" className="mk-version-fold" onClick={() => setAll(true)}>
          {lines(own.length - AT_ONCE)} more: show
        </button>
      )}
    </>
  );
}

function Lines({ kind, lines: own }: { kind: LineRun['kind']; lines: readonly string[] }): ReactNode {
  const Tag = kind === 'gone' ? 'del' : kind === 'back' ? 'ins' : 'div';
  if (own.length === 0) return null;
  return (
    <Tag className={`mk-version-lines mk-version-${kind}`}>
      {kind !== 'same' && <span className="mk-hidden">{WORDS[kind]}</span>}
      {own.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
        <span key={index} className="mk-version-line">
          <span aria-hidden="true" className="mk-version-sign">
            {SIGNS[kind]}
          </span>
          <span>{line === '' ? '\u200b' : line}</span>
        </span>
      ))}
    </Tag>
  );
}

const lines = (count: number): string => `${count.toLocaleString()} ${count === 1 ? 'line' : 'lines'}`;

/** The text as it is, some tenths of a second behind whoever types. */
function useTextOf(doc: Y.Doc): string {
  const [text, setText] = useState(() => doc.getText('content').toString());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onUpdate = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setText(doc.getText('content').toString());
      }, 300);
    };
    doc.on('update', onUpdate);
    return () => {
      doc.off('update', onUpdate);
      clearTimeout(timer);
    };
  }, [doc]);
  return text;
}
