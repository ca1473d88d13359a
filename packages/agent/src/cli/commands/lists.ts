import type { RunView } from '@markco/core/run/run';
import { openContext } from '../context.ts';

/** The person's devices and what they can run. */
export async function devices(options: { json?: boolean }): Promise<void> {
  const { api, say, tokens } = await openContext();
  const list = await api.call('devices.list', undefined);
  if (options.json) return say(JSON.stringify(list));
  if (list.length === 0) say('No devices are signed in.');
  for (const device of list) {
    const languages = [...new Set(device.runtimes.map((runtime) => runtime.language))].join(', ') || 'nothing';
    const here = device.id === tokens.identity?.deviceId ? ' (this one)' : '';
    say(
      `${device.presence.padEnd(8)} ${device.name}${here}: ${device.platform}, runs ${languages}${device.allowRuns ? '' : ', runs switched off'}`,
    );
  }
}

/** The newest runs. */
export async function runs(options: { json?: boolean; limit?: string }): Promise<void> {
  const { api, say } = await openContext();
  const list = await api.call('runs.list', { limit: Math.min(200, Math.max(1, Number(options.limit ?? 20) || 20)) });
  if (options.json) return say(JSON.stringify(list));
  if (list.length === 0) say('There are no runs yet.');
  for (const run of list) say(describeRun(run));
}

/** One line about a run: when, how it ended, what and where. */
export function describeRun(run: RunView): string {
  const at = run.createdAt.toISOString().slice(0, 16).replace('T', ' ');
  const where = run.ranOn ? ` on ${run.ranOn}` : '';
  const cell = run.cellIndex === null ? '' : ` cell ${run.cellIndex + 1}`;
  const took = run.startedAt && run.endedAt ? ` in ${((run.endedAt.getTime() - run.startedAt.getTime()) / 1000).toFixed(1)} s` : '';
  return `${at}  ${run.state.padEnd(11)} ${run.projectSlug}/${run.docPath}${cell}${where}${took}${run.message ? `: ${run.message}` : ''}`;
}
