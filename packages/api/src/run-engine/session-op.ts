import type { sessionOpInput } from '@markco/core/contract/runs';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { z } from 'zod';
import { connectionsOf } from '../agents/connections.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { endSession } from './pin-session.ts';
import { reportRestart } from './report-restart.ts';

/** Starting an interpreter anew takes longer than a question to it. */
const SESSION_OP_MS = 15_000;

/**
 * Restarts a session's runtime or empties its namespace, because the person said so (RU12: never on our own). Afterwards the session has
 * ended: its next run starts fresh and is routed anew (RU6).
 * @throws AppError not_found, unavailable, timeout
 */
export async function sessionOp(resources: Resources, principal: Principal, input: z.output<typeof sessionOpInput>): Promise<void> {
  const { projectId, sessionName, op } = input;
  const { userId } = principal;
  await scoped(resources.db, principal).project(projectId);
  const language = canonicalLanguage(input.language);
  const where = { userId_projectId_language_name: { userId, projectId, language, name: sessionName } };
  const session = await resources.db.runtimeSession.findUnique({ where, include: { device: true } });
  if (!session || session.endedAt) return;
  if (session.deviceId && session.device?.connectionId)
    await ask(resources, session.deviceId, { userId, projectId, language, sessionName, op });
  else if (session.target === 'device')
    throw new AppError(
      'unavailable',
      `${session.device?.name ?? 'The computer'} is not connected, so its session cannot be ${op === 'restart' ? 'restarted' : 'reset'} now.`,
    );
  await endSession(resources.sql, { userId, projectId, language, name: sessionName }, resources.clock.now());
  reportRestart(resources, { userId, projectId, deviceId: session.deviceId }, op);
}

type Question = { userId: string; projectId: string; language: string; sessionName: string; op: 'restart' | 'reset' };

async function ask(resources: Resources, deviceId: string, question: Question): Promise<void> {
  const requestId = resources.newId();
  const connections = connectionsOf(resources);
  const answer = connections.waitForAnswer(requestId, SESSION_OP_MS);
  await connections.send(deviceId, { kind: 'session', requestId, ...question });
  const found = await answer;
  if (!found) throw new AppError('timeout', 'The runtime did not answer within 15 s. It may still restart; look again in a moment.');
  if (found.error) throw new AppError('unavailable', found.error.message.slice(0, 500), { details: { code: found.error.code } });
}
