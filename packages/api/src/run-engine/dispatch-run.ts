import { WAITING_FOR_CLOUD } from '@markco/core/run/run-messages';
import { reachablePresence } from '../agents/device-view.ts';
import { probeDevice } from '../agents/probe-device.ts';
import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { findWaiting, type WaitingRun } from './find-eligible.ts';
import { mustAsk } from './held-runs.ts';
import { lockRun } from './lock-run.ts';
import { offerRun } from './offer-run.ts';
import { pickWorker } from './pick-worker.ts';
import { publishRunChanged } from './publish-run.ts';
import { routeRun } from './route-run.ts';
import { updateRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';
import { deviceWords, withdrawUnaccepted } from './withdraw-unaccepted.ts';

const MAX_REROUTES = 4;

/**
 * RU9, RU10: routes one waiting run and offers it: to the device, or to a worker for the cloud. A suspect device is probed first (AG2);
 * one that fails is left out and the run is routed again, which is still before any grant (RU7).
 * @param found the run as it was just read, if it was
 * @returns whether an offer went out
 */
export async function dispatchRun(resources: Resources, context: DispatchContext, runId: string, found?: WaitingRun): Promise<boolean> {
  for (let round = 0; round < MAX_REROUTES; round++) {
    const run = (round === 0 && found) || (await findWaiting(resources.sql, runId));
    if (!run || run.heldSince || context.isBusy(runId)) return false;
    if (mustAsk(run, resources.clock.now())) return false;
    const unfit = context.unfit.of(runId);
    const route = await routeRun(resources, run, unfit);
    if (!route || route.target.kind === 'queue') return false;
    const routed: WaitingRun = { ...run, targetKind: route.target.kind, reason: route.reason, routeDetail: route.detail };
    const deviceId =
      route.target.kind === 'device' ? route.target.deviceId : await pickWorker(resources.db, routed, resources.clock.now(), unfit);
    if (!deviceId) {
      await sayWaiting(resources, run, WAITING_FOR_CLOUD);
      return false;
    }
    if (!route.online && !(await answers(resources, deviceId))) {
      context.unfit.add(runId, deviceId, await deviceWords(resources, deviceId, 'does not answer right now'), true);
      continue;
    }
    const offered = await offerRun(resources, routed, deviceId);
    if (offered === 'full')
      await sayWaiting(resources, run, await deviceWords(resources, deviceId, 'is running as much as it can; this waits for a place'));
    if (typeof offered === 'string') return false;
    withdrawUnaccepted(resources, context, offered, deviceId);
    return true;
  }
  return false;
}

/** AG2: whether an offer is worth sending: online, or a suspect one that answers a probe within 2 s. */
async function answers(resources: Resources, deviceId: string): Promise<boolean> {
  const device = await resources.db.device.findUnique({ where: { id: deviceId } });
  if (!device) return false;
  const state = reachablePresence(device, resources.clock.now());
  return state === 'online' || (state === 'suspect' && (await probeDevice(resources, device)));
}

/** Tells the person what a queued run waits for, once. */
export async function sayWaiting(resources: Resources, run: Pick<RunRow, 'id' | 'message'>, message: string): Promise<void> {
  if (run.message === message) return;
  await resources.sql.tx(async (tx) => {
    const locked = await lockRun(tx, run.id);
    if (locked?.state !== 'queued' || locked.message === message) return;
    publishRunChanged(resources, tx, updateRun(tx, locked, { message }));
  });
}
