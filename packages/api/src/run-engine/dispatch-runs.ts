import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import type { WaitingRun } from './find-eligible.ts';
import { mustAsk } from './held-runs.ts';
import { offerRuns, type RunForDevice, saysFull } from './offer-runs.ts';
import { decideRoutes, isStored } from './route-run.ts';

/** So many are offered in one transaction: the first agents answer while the next are offered. */
const OFFERED_AT_ONCE = 40;

/**
 * RU9, RU10: routes runs that wait and offers those that go to a computer that is online, many in one transaction.
 * @param waiting as they were just read
 * @returns those that need more than that (a probe, a worker, another route to be stored): `dispatchRun` does each
 */
export async function dispatchRuns(resources: Resources, context: DispatchContext, waiting: readonly WaitingRun[]): Promise<WaitingRun[]> {
  const now = resources.clock.now();
  const may = waiting.filter((run) => !context.isBusy(run.id) && !mustAsk(run, now));
  if (may.length === 0) return [];
  const routes = await decideRoutes(resources, may, (run) => context.unfit.of(run.id));
  const rest: WaitingRun[] = [];
  const ready: RunForDevice[] = [];
  for (const run of may) {
    const route = routes.get(run);
    if (route?.device && route.online) ready.push({ run, route, deviceId: route.device.id, deviceName: route.device.name });
    else if (route?.target.kind !== 'queue' || !isStored(run, route)) rest.push(run);
  }
  const toOffer = ready.filter((one) => !saysFull(one));
  while (toOffer.length > 0) {
    const some = toOffer.splice(0, OFFERED_AT_ONCE);
    await offerRuns(resources, context, some).catch((err) => {
      resources.log.warn({ err, runs: some.length }, 'runs could not be offered together; each is offered by itself');
      rest.push(...some.map(({ run }) => run));
    });
  }
  return rest;
}
