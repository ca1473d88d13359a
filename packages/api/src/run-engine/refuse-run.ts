import type { MrpResponse } from '@markco/core/device/agent-message';
import { waitingForBusy } from '@markco/core/run/run-messages';
import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { withdrawRun } from './withdraw-run.ts';

export type Refusal = Extract<MrpResponse, { kind: 'refuse' }>;

/** RU13: how soon a busy runtime is asked again, when it does not say itself that it is idle. */
const BUSY_RETRY_MS = 2_000;

/**
 * An agent does not take attempt n. Busy: the run keeps its place and is offered again soon (RU13). Everything else: the device is left
 * out and the run is routed again.
 */
export async function refuseRun(resources: Resources, context: DispatchContext, deviceId: string, refusal: Refusal): Promise<void> {
  const { runId, attempt, reason } = refusal;
  const device = await resources.db.device.findUnique({ where: { id: deviceId }, select: { name: true } });
  const name = device?.name ?? 'the computer';
  resources.log.info({ run_id: runId, device_id: deviceId, reason, attempt }, 'run refused');
  if (reason === 'busy') {
    const message = waitingForBusy(name, await busyCell(resources, runId, deviceId));
    context.busy(runId, BUSY_RETRY_MS);
    await withdrawRun(resources, runId, attempt, reason, message);
    return;
  }
  context.unfit.add(runId, deviceId, words(name, refusal));
  await withdrawRun(resources, runId, attempt, reason);
}

function words(name: string, { reason, message }: Refusal): string {
  switch (reason) {
    case 'no_runtime':
      return message || `${name} has no runtime for this language`;
    case 'runs_not_allowed':
      return `${name} does not allow runs`;
    case 'draining':
      return `${name} is about to quit`;
    case 'limit':
      return `${name} is running as much as it can`;
    default:
      return message || `${name} could not take the run`;
  }
}

/** RU13: which cell of ours keeps the runtime busy, if it is one of ours. */
async function busyCell(resources: Resources, runId: string, deviceId: string): Promise<number | null> {
  const run = await resources.db.run.findUnique({ where: { id: runId }, select: { userId: true } });
  if (!run) return null;
  const running = await resources.db.run.findFirst({
    where: { userId: run.userId, deviceId, state: 'running' },
    select: { cellIndex: true },
  });
  return running?.cellIndex ?? null;
}
