import { ACCEPT_WITHIN_MS } from '@markco/core/device/constants';
import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { gathered } from './gather.ts';
import type { RunRow } from './run-row.ts';
import { withdrawRun } from './withdraw-run.ts';

/** RU10: no ACCEPT within 5 s: attempt n is withdrawn and the run goes elsewhere. The sweep does it should this process die. */
export function withdrawUnaccepted(resources: Resources, context: DispatchContext, run: RunRow, deviceId: string): void {
  context.later(async () => {
    if (!(await isOpen(resources, run))) return;
    const why = await deviceWords(resources, deviceId, 'did not take the run');
    context.unfit.add(run.id, deviceId, why, true);
    if (!(await withdrawRun(resources, run.id, run.attempt, 'not accepted in time'))) context.unfit.forget(run.id);
  }, ACCEPT_WITHIN_MS);
}

type Offer = Pick<RunRow, 'id' | 'attempt'>;

/** Most were accepted long ago: one look without a lock, for all whose time is over in the same moment. */
const isOpen = gathered<Offer, boolean>({
  together: findOpen,
  alone: async (resources, offer) => (await findOpen(resources, [offer])).get(offer) ?? false,
  most: 200,
});

async function findOpen({ sql }: Resources, offers: readonly Offer[]): Promise<Map<Offer, boolean>> {
  const rows = await sql.rows<Offer>(`SELECT id, attempt FROM runs WHERE id = ANY($1::uuid[]) AND state = 'offered'`, [
    offers.map(({ id }) => id),
  ]);
  const attempts = new Map(rows.map(({ id, attempt }) => [id, attempt]));
  return new Map(offers.map((offer) => [offer, attempts.get(offer.id) === offer.attempt]));
}

/** A sentence about a device by its name. */
export async function deviceWords(resources: Resources, deviceId: string, what: string): Promise<string> {
  const device = await resources.db.device.findUnique({ where: { id: deviceId }, select: { name: true } });
  return `${device?.name ?? 'The computer'} ${what}`;
}
