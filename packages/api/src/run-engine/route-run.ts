import { chooseTarget } from '@markco/core/routing/choose-target';
import type { Route, RouteDevice } from '@markco/core/routing/route-input';
import type { Resources } from '../resources.ts';
import type { WaitingRun } from './find-eligible.ts';
import { RELEASED_MESSAGE } from './held-runs.ts';
import { loadRouteInput, loadRouteInputs, type RoutedRun, type RouteInput, type UnfitDevices } from './load-route-input.ts';
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

/** `device`: where it goes, if to a device; `online`: it can be offered the run without a probe (AG2). */
export type DecidedRoute = Route & { readonly device: RouteDevice | null; readonly online: boolean };

/** RU5: decides where a run goes now, from the rows as they are. */
export async function decideRoute(resources: Resources, run: RoutedRun, unfit?: UnfitDevices): Promise<DecidedRoute> {
  return decide(resources, run, await loadRouteInput(resources.sql, run, resources.clock.now(), unfit));
}

/** RU5: decides where runs go now that wait at the same time, as if one was offered after the other. One whose project is gone is left out. */
export async function decideRoutes<Run extends RoutedRun>(
  resources: Resources,
  runs: readonly Run[],
  unfitOf: (run: Run) => UnfitDevices,
): Promise<Map<Run, DecidedRoute>> {
  const inputs = await loadRouteInputs(resources.sql, runs, resources.clock.now(), unfitOf);
  const chosen = new Map<string, number>();
  const routes = new Map<Run, DecidedRoute>();
  for (const run of runs) {
    const input = inputs.get(run);
    if (!input) continue;
    const devices = input.devices.map((device) => ({ ...device, active: device.active + (chosen.get(device.id) ?? 0) }));
    const route = decide(resources, run, { ...input, devices });
    if (route.device) chosen.set(route.device.id, (chosen.get(route.device.id) ?? 0) + 1);
    routes.set(run, route);
  }
  return routes;
}

function decide(resources: Resources, run: RoutedRun, input: RouteInput): DecidedRoute {
  const route = chooseTarget(input.request, input.devices, input.session, resources.flags.for(run.userId), input.settings);
  const { target } = route;
  const device = (target.kind === 'device' && input.devices.find(({ id }) => id === target.deviceId)) || null;
  return { ...route, device, online: device?.presence === 'online' };
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
export async function routeRun(resources: Resources, run: WaitingRun, unfit?: UnfitDevices): Promise<DecidedRoute | null> {
  const route = await decideRoute(resources, run, unfit);
  if (isStored(run, route)) return route;
  const columns = routeColumns(route);
  return resources.sql.tx(async (tx) => {
    const locked = await lockRun(tx, run.id);
    if (locked?.state !== 'queued') return null;
    publishRunChanged(resources, tx, updateRun(tx, locked, { ...columns, message: keptMessage(locked) }));
    if (isElsewhere(locked, route)) tx.afterCommit(() => reportRoute(resources, run, route));
    return route;
  });
}

/** Whether the row says just that. */
export function isStored(run: Omit<RunRow, 'code'>, route: Route): boolean {
  const { targetKind, deviceId, reason, routeDetail } = routeColumns(route);
  if (run.targetKind !== targetKind || run.reason !== reason || run.routeDetail !== routeDetail) return false;
  return targetKind !== 'device' || run.deviceId === deviceId;
}

/** Whether the row says another place, or another reason for it. */
export function isElsewhere(run: RunRow, route: Route): boolean {
  const { targetKind, deviceId, reason } = routeColumns(route);
  return run.targetKind !== targetKind || run.reason !== reason || run.deviceId !== deviceId;
}

/** What the person decided about a waiting run outlives a change of its route (RU8). */
const keptMessage = (run: RunRow): string | null => (run.message === RELEASED_MESSAGE ? run.message : null);
