import { ACCEPT_WITHIN_MS } from '@markco/core/device/constants';
import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import type { RunRow } from './run-row.ts';
import { withdrawRun } from './withdraw-run.ts';

/** RU10: no ACCEPT within 5 s: attempt n is withdrawn and the run goes elsewhere. The sweep does it should this process die. */
export function withdrawUnaccepted(resources: Resources, context: DispatchContext, run: RunRow, deviceId: string): void {
  context.later(async () => {
    // Most were accepted long ago: one look without a lock.
    const open = await resources.sql.rows(`SELECT 1 AS open FROM runs WHERE id = $1::uuid AND state = 'offered' AND attempt = $2`, [
      run.id,
      run.attempt,
    ]);
    if (open.length === 0) return;
    const why = await deviceWords(resources, deviceId, 'did not take the run');
    context.unfit.add(run.id, deviceId, why, true);
    if (!(await withdrawRun(resources, run.id, run.attempt, 'not accepted in time'))) context.unfit.forget(run.id);
  }, ACCEPT_WITHIN_MS);
}

/** A sentence about a device by its name. */
export async function deviceWords(resources: Resources, deviceId: string, what: string): Promise<string> {
  const device = await resources.db.device.findUnique({ where: { id: deviceId }, select: { name: true } });
  return `${device?.name ?? 'The computer'} ${what}`;
}
