import { MAX_RUNNING_PER_DEVICE } from '@markco/core/device/constants';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { lockName, lockRun } from './lock-run.ts';
import type { RunRow } from './run-row.ts';

/** A worker refuses with `limit` when it is full; this only keeps a runaway from flooding one. */
const MAX_RUNNING_PER_WORKER = 64;

/** The name of a runtime session for locks: at most one offered or running run each (RU8). */
export const sessionKey = (run: Pick<RunRow, 'userId' | 'projectId' | 'language' | 'sessionName'>): string =>
  `session ${run.userId} ${run.projectId} ${run.language} ${run.sessionName}`;

/**
 * RU9, RU10: claims a queued run for a device and offers it. One process wins: the row is taken with SKIP LOCKED, and the
 * limits of RU8 are counted under the locks of the session and of the device.
 * @returns the offered row; `full` when the device runs as much as it may; `taken` when another process has it or its session is in use
 */
export async function offerRun(resources: Resources, run: RunRow, deviceId: string): Promise<RunRow | 'full' | 'taken'> {
  return inTx(resources.db, async (tx) => {
    const locked = await lockRun(tx, run.id, { skipLocked: true });
    if (locked?.state !== 'queued' || locked.heldSince || locked.attempt !== run.attempt) return 'taken';
    const { session, device } = await countActive(tx, locked, deviceId);
    if (session > 0) return 'taken';
    if (device >= (run.targetKind === 'cloud' ? MAX_RUNNING_PER_WORKER : MAX_RUNNING_PER_DEVICE)) return 'full';
    const attempt = locked.attempt + 1;
    const at = resources.clock.now();
    const offered = await applyRunEvent(resources, tx, locked, { type: 'offer', at, attempt, deviceId }, { message: null });
    tx.afterCommit(() => sendCommand(resources, deviceId, { kind: 'offer', userId: run.userId, runId: run.id, attempt }));
    return offered;
  });
}

/** What is offered or runs in the run's session and on the device, counted under the locks of both: always in this order. */
async function countActive(tx: Tx, run: RunRow, deviceId: string): Promise<{ session: number; device: number }> {
  await lockName(tx, sessionKey(run), `device ${deviceId}`);
  const { userId, projectId, language, sessionName } = run;
  const [counted] = await tx.$queryRaw<{ session: number; device: number }[]>`
    SELECT
      (count(*) FILTER (WHERE user_id = ${userId}::uuid AND project_id = ${projectId}::uuid
        AND language = ${language} AND session_name = ${sessionName}))::int AS session,
      (count(*) FILTER (WHERE device_id = ${deviceId}::uuid))::int AS device
    FROM runs WHERE state IN ('offered', 'running')`;
  return counted!;
}
