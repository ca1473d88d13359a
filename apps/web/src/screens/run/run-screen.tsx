'use client';

import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import { trpc } from '../../data/trpc.ts';
import { Link } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Card, Empty, Page, Skeleton } from '../../ui/page.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { RunStatePill } from '../runs/run-state.tsx';
import { duration, whereAndWhy } from '../runs/run-words.ts';
import { WaitingRuns } from '../runs/waiting-runs.tsx';
import { LogView } from './log-view.tsx';
import { useRunLog } from './use-run-log.ts';

/** `/runs/:id`: where a run went and why, and its whole log as it grows. */
export function RunScreen({ runId }: { runId: string }) {
  usePageTitle('Run');
  const { run, lines, error } = useRunLog(runId);
  return (
    <Page title="Run">
      {!run && error ? (
        <Empty
          title="This run cannot be shown"
          action={
            <Link href="/runs" className={buttonClass('primary')}>
              All runs
            </Link>
          }
        >
          {errorText(error)}
        </Empty>
      ) : null}
      {!run && !error ? <Skeleton /> : null}
      {run ? (
        <div className="grid grid-cols-1 gap-4">
          <WaitingRuns runs={[run]} />
          <RunHead run={run} />
          <LogView lines={lines} />
        </div>
      ) : null}
    </Page>
  );
}

function RunHead({ run }: { run: RunView }) {
  const took = duration(run, Date.now());
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="min-w-0 font-medium break-words">
          {run.docPath} <span className="font-normal text-muted">in {run.projectSlug}</span>
        </h2>
        <RunStatePill run={run} />
      </div>
      <p className="mt-1 text-sm text-muted">
        {whereAndWhy(run)}
        {took ? ` · ${took}` : ''} · <TimeAgo at={run.createdAt} />
      </p>
      {run.message ? <p className="mt-2 text-sm">{run.message}</p> : null}
      {run.codeChanged ? <p className="mt-2 text-sm text-warn">The cell had changed when this run was made.</p> : null}
      <pre className="mt-3 max-h-48 overflow-auto rounded-control bg-surface p-3 font-mono text-sm">{run.code}</pre>
      <div className="mt-4 flex flex-wrap gap-3">
        <Link href={projectPath(run.projectSlug, run.docPath)} className={buttonClass(isTerminal(run.state) ? 'primary' : 'plain')}>
          {isTerminal(run.state) ? 'Run again in the document' : 'Open the document'}
        </Link>
        {isTerminal(run.state) ? null : <StopButton run={run} />}
      </div>
    </Card>
  );
}

/** RU12: asks to stop; where that does not help, offers to force it. */
function StopButton({ run }: { run: RunView }) {
  const stopping = run.cancelRequestedAt !== null;
  const cancel = trpc.runs.cancel.useMutation();
  const mayForce = run.state === 'running' && (stopping || Boolean(run.stopUnreachedAt));
  const stop = (force: boolean) => cancel.mutate({ runId: run.id, force });
  return (
    <>
      {stopping && mayForce ? null : (
        <Button look="danger" busy={cancel.isPending} onClick={() => stop(false)}>
          Stop
        </Button>
      )}
      {mayForce ? (
        <>
          <Button look="danger" busy={cancel.isPending} onClick={() => stop(true)}>
            Force stop
          </Button>
          <span className="self-center text-sm text-muted">
            {stopping ? 'Stopping… ' : ''}Forcing it ends the session and its variables.
          </span>
        </>
      ) : null}
      {cancel.error ? <Notice kind="danger">{errorText(cancel.error)}</Notice> : null}
    </>
  );
}
