import type { RunView } from '@markco/core/run/run';
import { Link } from '../../shell/link.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { RunStatePill } from './run-state.tsx';
import { duration, whereAndWhy } from './run-words.ts';

/** A run in the list: what, where and why, how it went. */
export function RunRow({ run }: { run: RunView }) {
  const took = duration(run, Date.now());
  return (
    <li
      data-testid="run-row"
      data-run={run.id}
      data-state={run.state}
      className="relative grid gap-1 border-b border-line px-4 py-3 last:border-0 hover:bg-accent-soft"
    >
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <Link href={`/runs/${run.id}`} className="min-w-0 font-medium break-words after:absolute after:inset-0">
          {run.docPath}
          <span className="font-normal text-muted"> in {run.projectSlug}</span>
        </Link>
        <RunStatePill run={run} />
      </div>
      <code className="block truncate font-mono text-sm text-muted">{firstLine(run.code)}</code>
      <p className="text-sm text-muted">
        {whereAndWhy(run)}
        {took ? ` · ${took}` : ''} · <TimeAgo at={run.createdAt} />
      </p>
      {run.message ? <p className="text-sm">{run.message}</p> : null}
    </li>
  );
}

const firstLine = (code: string): string => code.split('\n').find((line) => line.trim() !== '') ?? '(an empty cell)';
