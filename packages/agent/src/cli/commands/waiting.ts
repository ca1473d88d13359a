import { AppError } from '@markco/core/errors';
import type { RunView } from '@markco/core/run/run';
import { type CliContext, openContext } from '../context.ts';
import { describeRun } from './lists.ts';
import { findRun } from './one-run.ts';

export interface WaitingOptions {
  run?: boolean;
  discard?: boolean;
  json?: boolean;
}

const PAGE = 200;

/**
 * RU8: the runs that waited for more than an hour and start only when the person says so. `run` and `discard` decide over those named
 * (by their id or the end of it), or over all of them. Throws bad_request and not_found with words for the person.
 */
export async function waiting(ids: readonly string[], options: WaitingOptions): Promise<void> {
  const context = await openContext();
  if (options.run && options.discard) throw new AppError('bad_request', 'Say either --run or --discard, not both.');
  const chosen = ids.length > 0 ? await named(context, ids) : await heldRuns(context);
  if (options.run || options.discard) return decide(context, chosen, options.run ? 'run' : 'discard', options);
  if (options.json) return context.say(JSON.stringify(chosen));
  if (chosen.length === 0) return context.say('No run waits for your word.');
  for (const run of chosen) context.say(describeRun(run));
  context.say('"markco waiting --run" starts them when their computer is there, "--discard" drops them; name runs to mean only those.');
}

async function decide({ api, say }: CliContext, chosen: readonly RunView[], decision: 'run' | 'discard', options: WaitingOptions) {
  const decided: string[] = [];
  for (let at = 0; at < chosen.length; at += PAGE) {
    const runIds = chosen.slice(at, at + PAGE).map(({ id }) => id);
    decided.push(...(await api.call('runs.decideWaiting', { runIds, decision })));
  }
  const late = chosen.filter(({ id }) => !decided.includes(id));
  if (options.json) return say(JSON.stringify({ decision, decided, tooLate: late.map(({ id }) => id) }));
  if (chosen.length === 0) return say('No run waits for your word.');
  const count = decided.length === 1 ? '1 run' : `${decided.length} runs`;
  if (decided.length > 0) say(decision === 'run' ? `${count} will start as soon as the computer is there.` : `${count} discarded.`);
  for (const { id } of late) say(`${id.slice(-8)} began or ended in the meantime and was left alone.`);
}

async function named(context: CliContext, ids: readonly string[]): Promise<RunView[]> {
  const found: RunView[] = [];
  for (const id of ids) {
    const run = await findRun(context, id);
    if (run.state !== 'queued')
      throw new AppError('bad_request', `Run ${run.id.slice(-8)} does not wait: it is ${run.state}. Nothing was changed.`);
    if (!found.some((each) => each.id === run.id)) found.push(run);
  }
  return found;
}

/** Every held run of the person, the newest first. */
async function heldRuns({ api }: CliContext): Promise<RunView[]> {
  const held: RunView[] = [];
  for (let before: string | undefined; ; ) {
    const page = await api.call('runs.list', { states: ['queued'], limit: PAGE, ...(before && { before }) });
    held.push(...page.filter((run) => run.heldSince));
    before = page.at(-1)?.id;
    if (page.length < PAGE) return held;
  }
}
