'use client';

import { isTerminal } from '@markco/core/run/is-terminal';
import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Empty, Page, Skeleton } from '../../ui/page.tsx';
import { RunRow } from './run-row.tsx';
import { FILTERS, type Filter } from './run-words.ts';
import { WaitingRuns } from './waiting-runs.tsx';

const LIVE_MS = 2_000;
const QUIET_MS = 10_000;
const PAGE = 50;
const WORDS: Record<Filter, string> = { all: 'All', live: 'Live', done: 'Done', failed: 'Failed', stopped: 'Stopped' };

/** WB1: live and past runs, the newest first. */
export function RunsScreen() {
  usePageTitle('Runs');
  const [filter, setFilter] = useState<Filter>('all');
  const [limit, setLimit] = useState(PAGE);
  const states = FILTERS[filter];
  const runs = trpc.runs.list.useQuery(
    { limit, ...(states && { states: [...states] }) },
    {
      placeholderData: (before) => before,
      refetchInterval: ({ state }) => (state.data?.some((run) => !isTerminal(run.state)) ? LIVE_MS : QUIET_MS),
    },
  );
  const list = runs.data;
  return (
    <Page title="Runs">
      <div className="grid grid-cols-1 gap-4">
        <fieldset className="flex flex-wrap gap-2">
          <legend className="sr-only">Which runs</legend>
          {(Object.keys(FILTERS) as Filter[]).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={filter === each}
              onClick={() => setFilter(each)}
              className={`min-h-11 rounded-full border px-4 text-sm font-medium ${filter === each ? 'border-accent bg-accent-soft text-accent' : 'border-line bg-raised text-muted hover:text-text'}`}
            >
              {WORDS[each]}
            </button>
          ))}
        </fieldset>
        {runs.error && !list ? <Notice kind="danger">{errorText(runs.error)}</Notice> : null}
        {list ? <WaitingRuns runs={list} /> : null}
        {!list && !runs.error ? <Skeleton rows={5} /> : null}
        {list?.length === 0 ? (
          <Empty title={filter === 'all' ? 'Nothing has run yet' : 'No such runs'}>
            {filter === 'all'
              ? 'Open a document and tap Run on a cell, or press Shift-Enter in it. What ran, where and why, stands here.'
              : 'Choose “All” to see the others.'}
          </Empty>
        ) : null}
        {list && list.length > 0 ? (
          <ul aria-label="Runs" className="overflow-hidden rounded-card border border-line bg-raised shadow-card">
            {list.map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
          </ul>
        ) : null}
        {list && list.length >= limit && limit < 200 ? (
          <Button className="justify-self-center" onClick={() => setLimit(Math.min(200, limit + PAGE))}>
            Show more
          </Button>
        ) : null}
      </div>
    </Page>
  );
}
