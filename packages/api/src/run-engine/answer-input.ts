import { AppError } from '@markco/core/errors';
import type { AwaitedInput } from '@markco/core/run/run-core';
import { transition } from '@markco/core/run/transition';
import { seal } from '../agents/seal.ts';
import { sendCommand } from '../agents/send-command.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { toCore } from './run-row.ts';

const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * RU14: answers a run's question from any of the person's devices; the first answer wins. The text goes to the device only: the server
 * neither stores nor logs it, and between its own processes it is sealed. One that is lost on the way is asked for again (sweep-runs.ts).
 * @throws AppError not_found; conflict when another answer was first or nothing is asked; too_large; unavailable while its device is away
 */
export async function answerInput(
  resources: Resources,
  principal: Principal,
  input: { runId: string; execId: string; text: string; end?: boolean | undefined },
): Promise<void> {
  const { runId, execId, text } = input;
  if (Buffer.byteLength(text) > MAX_ANSWER_BYTES)
    throw new AppError('too_large', 'An answer may have 256 KB at most. Read larger input from a file.');
  await scoped(resources.db, principal).run(runId);
  await resources.sql.tx(async (tx) => {
    const run = (await lockRun(tx, runId))!;
    const asked = run.awaitingInput as AwaitedInput | null;
    const event = { type: 'stdinAnswered' as const, at: resources.clock.now(), execId };
    if (!asked || !run.deviceId || !transition(toCore(run), event).ok) {
      throw new AppError('conflict', 'This question was answered already, or the run no longer waits for input.');
    }
    if (run.contactLostSince)
      throw new AppError('unavailable', 'The computer that asks is not connected right now. Answer when it is back.');
    await applyRunEvent(resources, tx, run, event);
    const by = principal.userName ?? undefined;
    const deviceId = run.deviceId;
    const sealed = seal(resources.secret, text);
    tx.afterCommit(() =>
      sendCommand(resources, deviceId, {
        kind: 'input',
        userId: run.userId,
        runId,
        execId,
        text: sealed,
        secret: asked.password,
        ...(input.end && { end: true }),
        ...(by && { by }),
      }),
    );
  });
}
