import { LogLines, logText } from '@markco/core/run/log-text';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLive } from '../live.ts';
import { ranOnText } from '../runs/run-status.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';

const LINE = 20;

/** The whole log of a run, however long: only the lines on the screen are drawn. */
export function LogDialog({ runId, onClose }: { runId: string; onClose(): void }): ReactNode {
  const { host, runs } = useSession();
  const run = useLive(runs).find((each) => each.id === runId);
  const [lines, setLines] = useState<readonly string[] | null>(null);
  useEffect(() => {
    const log = new LogLines();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = host.watchRun(runId, 0, (item) => {
      if (item.type !== 'event') return;
      log.add(logText(item.event));
      timer ??= setTimeout(() => {
        timer = undefined;
        setLines([...log.lines]);
      }, 100);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [host, runId]);
  return (
    <Dialog label="Full log" kind="full" onClose={onClose}>
      <div className="mk-panel-tools">
        <span className="mk-note">{lines ? countWords(lines) : 'Reading the log…'}</span>
        {run && ranOnText(run) && <span className="mk-note">{ranOnText(run)}</span>}
        <span className="mk-grow" />
        <button
          type="button"
          className="mk-button mk-small"
          disabled={!lines}
          onClick={() => lines && void navigator.clipboard?.writeText(lines.join('\n'))}
        >
          Copy all
        </button>
      </div>
      <Lines lines={lines ?? []} />
    </Dialog>
  );
}

function countWords(lines: readonly string[]): string {
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  return count === 1 ? '1 line' : `${count.toLocaleString('en')} lines`;
}

function Lines({ lines }: { lines: readonly string[] }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = box.current?.clientHeight ?? 800;
  const first = Math.max(0, Math.floor(top / LINE) - 20);
  const shown = lines.slice(first, first + Math.ceil(height / LINE) + 40);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div ref={box} className="mk-log" tabIndex={0} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <pre style={{ height: lines.length * LINE, paddingTop: first * LINE, lineHeight: `${LINE}px` }}>{shown.join('\n')}</pre>
    </div>
  );
}
