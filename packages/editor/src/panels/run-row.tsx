import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { ranOnText, runStatus } from '../runs/run-status.ts';
import { whenText } from '../runs/times.ts';
import { Icon, Spinner } from '../ui/icons.tsx';

type Props = { run: RunView; now: number; showCode: boolean; onOpen(): void; onStop(): void };

/** A run in a list: how it went, when, where and how long; a tap opens it. `showCode`: its first line, where that tells runs apart. */
export function RunRow({ run, now, showCode, onOpen, onStop }: Props): ReactNode {
  const status = runStatus(run, now);
  const where = ranOnText(run);
  return (
    <li data-testid="run-row" data-state={run.state}>
      <button type="button" className="mk-list-button" onClick={onOpen}>
        <span className="mk-run-row">
          <span className={`mk-status-text mk-tone-${status.tone}`}>
            {isTerminal(run.state) ? <Icon name={ICON[status.tone] ?? 'clock'} size={16} /> : <Spinner />}
            {status.text}
          </span>
          <time dateTime={run.createdAt.toISOString()}>{whenText(run.createdAt, now)}</time>
        </span>
        {where && <small>{where}</small>}
        {showCode && <code>{firstLine(run.code)}</code>}
      </button>
      {status.canStop && (
        <button type="button" className="mk-button mk-small" onClick={onStop}>
          Stop
        </button>
      )}
    </li>
  );
}

const ICON: Partial<Record<string, 'check' | 'cross' | 'stop'>> = { good: 'check', bad: 'cross', stopped: 'stop' };

/** The first line of code that says something. */
export const firstLine = (code: string): string =>
  code
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim()
    .slice(0, 120) ?? '(an empty cell)';
