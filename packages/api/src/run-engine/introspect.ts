import type { introspectInput } from '@markco/core/contract/runs';
import { INTROSPECT_BUDGET_MS } from '@markco/core/device/constants';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { z } from 'zod';
import { connectionsOf } from '../agents/connections.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { findSessionDevice } from './find-session-device.ts';

const MAX_BODY_BYTES = 512 * 1024;

/**
 * AG7: asks the runtime that holds the session (completions, hover, variables…). Two seconds at most, and it never queues: without a
 * connected runtime it says so at once.
 * @returns the MRP answer body
 * @throws AppError not_found, unavailable (nothing to ask, or the runtime refused), timeout, too_large
 */
export async function introspect(resources: Resources, principal: Principal, input: z.output<typeof introspectInput>): Promise<unknown> {
  if (Buffer.byteLength(JSON.stringify(input.body)) > MAX_BODY_BYTES)
    throw new AppError('too_large', 'This cell is too long for completions (512 KB at most).');
  const scope = scoped(resources.db, principal);
  await scope.project(input.projectId);
  const docPath = input.documentId && (await scope.document(input.documentId)).docPath;
  const language = canonicalLanguage(input.language);
  const { projectId, sessionName, op, body } = input;
  const deviceId = await findSessionDevice(resources, { userId: principal.userId, projectId, language, sessionName });
  if (!deviceId) throw new AppError('unavailable', 'No runtime is connected for this project right now.', { details: { op } });
  const requestId = resources.newId();
  const connections = connectionsOf(resources);
  const answer = connections.waitForAnswer(requestId, INTROSPECT_BUDGET_MS);
  await connections.send(deviceId, {
    kind: 'introspect',
    userId: principal.userId,
    requestId,
    projectId,
    language,
    sessionName,
    op,
    body,
    ...(docPath && { docPath }),
  });
  const found = await answer;
  if (!found) throw new AppError('timeout', 'The runtime did not answer within 2 s.', { details: { op } });
  if (found.error) throw new AppError('unavailable', found.error.message.slice(0, 500), { details: { op, code: found.error.code } });
  return found.result;
}
