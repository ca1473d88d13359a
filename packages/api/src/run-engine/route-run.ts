import { chooseTarget } from '@markco/core/routing/choose-target';
import type { Route } from '@markco/core/routing/route-input';
import type { Resources } from '../resources.ts';
import { RELEASED_MESSAGE } from './held-runs.ts';
import { loadRouteInput, type RoutedRun, type UnfitDevices } from './load-route-input.ts';
import { lockRun } from './lock-run.ts';
import { publishRunChanged } from './publish-run.ts';
import { updateRun } from './run-columns.ts';
import { metricsOf } from './run-metrics.ts';
import type { RunRow } from './run-row.ts';

/** The columns a route is stored in (RU5). A cloud run names its worker only once it is offered. */
export const routeColumns = (route: Route) => ({
  targetKind: route.target.kind,
  deviceId: route.target.kind === 'device' ? route.target.deviceId : null,
  reason: route.reason,
  routeDetail: route.detail,
});

/** `online`: the device it goes to can be offered the run without a probe (AG2). */
export type DecidedRoute = Route & { readonly online: boolean };

/** RU5: decides where a run goes now, from the rows as they are. */
export async function decideRoute(resources: Resources, run: RoutedRun, unfit?: UnfitDevices): Promise<DecidedRoute> {
  const input = await loadRouteInput(resources.sql, run, resources.clock.now(), unfit);
  const flags = resources.flags.for(run.userId);
  const route = chooseTarget(input.request, input.devices, input.session, flags, input.settings);
  const { target } = route;
  const device = target.kind === 'device' ? input.devices.find(({ id }) => id === target.deviceId) : undefined;
  return { ...route, online: device?.presence === 'online' };
}

/** RU5: counts and logs a decision that was stored. */
export function reportRoute(resources: Resources, run: Pick<RunRow, 'id' | 'userId' | 'projectId' | 'docPath'>, route: Route): void {
  metricsOf(resources).routed(route.target.kind, route.reason);
  resources.log.info(
    {
      user_id: run.userId,
      run_id: run.id,
      project_id: run.projectId,
      doc_path: run.docPath,
      device_id: route.target.kind === 'device' ? route.target.deviceId : undefined,
      route_target: route.target.kind,
      reason: route.reason,
    },
    'run routed',
  );
}

/**
 * RU5, RU7: routes a run that still waits, and stores, logs and counts the decision where it differs from the stored one.
 * @returns the route, or null when the run no longer waits
 */
export async function routeRun(resources: Resources, run: RunRow, unfit?: UnfitDevices): Promise<DecidedRoute | null> {
  const route = await decideRoute(resources, run, unfit);
  const columns = routeColumns(route);
  const same = run.targetKind === columns.targetKind && run.reason === columns.reason && run.routeDetail === columns.routeDetail;
  if (same && (route.target.kind !== 'device' || run.deviceId === columns.deviceId)) return route;
  return resources.sql.tx(async (tx) => {
    const locked = await lockRun(tx, run.id);
    if (locked?.state !== 'queued') return null;
    publishRunChanged(resources, tx, updateRun(tx, locked, { ...columns, message: keptMessage(locked) }));
    const moved = locked.targetKind !== columns.targetKind || locked.reason !== columns.reason || locked.deviceId !== columns.deviceId;
    if (moved) tx.afterCommit(() => reportRoute(resources, run, route));
    return route;
  });
}

/** What the person decided about a waiting run outlives a change of its route (RU8). */
const keptMessage = (run: RunRow): string | null => (run.message === RELEASED_MESSAGE ? run.message : null);
