import { AppError } from '@markco/core/errors';
import { isTerminal, type RunView } from '@markco/core/run/run';
import { type CliContext, openContext } from '../context.ts';
import { followRun } from './follow-run.ts';

/** RU12: stops a run; `force` ends its runtime, and its variables with it. On a run nobody can reach, force gives it up (RU11). */
export async function cancel(id: string, options: { force?: boolean }): Promise<void> {
  const context = await openContext();
  const found = await findRun(context, id);
  if (isTerminal(found.state)) return context.say(`It has ended already: ${found.state}.`);
  await context.api.call('runs.cancel', { runId: found.id, force: options.force === true });
  const after = await context.api.call('runs.get', { runId: found.id });
  context.say(after.message ?? after.state);
  if (!options.force && after.state === 'running' && after.contactLostSince)
    context.say('It is stopped first thing when its computer is back. To give it up now, add --force.');
}

/** A run's output: what there is, then what comes. The exit code is 0 where it completed. */
export async function log(id: string, options: { json?: boolean }): Promise<number> {
  const context = await openContext();
  const found = await findRun(context, id);
  return (await followRun(context, { ...found, state: 'queued' }, { ...options, onlyLook: true })) === 'completed' ? 0 : 1;
}

/** A run by its id or the end of it, as `markco runs` shows it. Throws not_found and bad_request. */
export async function findRun({ api }: CliContext, id: string): Promise<RunView> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id)) return api.call('runs.get', { runId: id.toLowerCase() });
  const list = await api.call('runs.list', { limit: 200 });
  const found = list.filter((run) => run.id.endsWith(id.toLowerCase()));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new AppError('bad_request', `More than one run ends with ${id}. Write more of it.`);
  throw new AppError('not_found', `No run of your newest 200 ends with ${id}. "markco runs" lists them.`);
}
