import type { MrpRequest } from '@markco/core/device/agent-message';
import { INTROSPECT_BUDGET_MS } from '@markco/core/device/constants';
import { AppError } from '@markco/core/errors';
import { reason } from '../log.ts';
import { RuntimeBusyError, RuntimeUnavailableError } from '../runtimes/runtime.ts';
import type { RuntimePool, SessionRef } from './runtime-pool.ts';

export type Answer = { result?: unknown; error?: { code: string; message: string } };
type Introspect = Extract<MrpRequest, { kind: 'introspect' }>;
type SessionOp = Extract<MrpRequest, { kind: 'session' }>;

/** AG7: answered within 2 s or not at all; never queues and never starts a runtime. Never rejects. */
export async function answerIntrospection(pool: RuntimePool, request: Introspect, budgetMs = INTROSPECT_BUDGET_MS): Promise<Answer> {
  const runtime = pool.peek(refOf(request));
  if (!runtime) return failed('no_session', 'No runtime is running for this cell yet. Run a cell first.');
  const signal = AbortSignal.timeout(budgetMs);
  const late = new Promise<Answer>((resolve) => {
    signal.addEventListener('abort', () => resolve(failed('timeout', 'The runtime did not answer in time.')), { once: true });
  });
  return Promise.race([late, ask()]);

  async function ask(): Promise<Answer> {
    try {
      return { result: await runtime!.introspect(request.op, request.body, signal) };
    } catch (error) {
      if (signal.aborted) return failed('timeout', 'The runtime did not answer in time.');
      return failed(error instanceof RuntimeUnavailableError ? 'busy' : 'failed', reason(error));
    }
  }
}

/** RU12: restart and reset. A runtime somebody else started can only be emptied from here. Never rejects. */
export async function answerSessionOp(pool: RuntimePool, request: SessionOp): Promise<Answer> {
  const session = refOf(request);
  if (request.op === 'restart' && pool.peek(session)?.kind === 'registered')
    return failed('failed', 'This runtime was started elsewhere and can only be restarted there. A reset empties its variables.');
  try {
    await pool[request.op](session);
    return { result: { done: true } };
  } catch (error) {
    if (error instanceof RuntimeBusyError)
      return failed('busy', 'Code is running in this session, so its variables cannot be cleared now. Stop it first, or let it end.');
    return failed('failed', error instanceof AppError ? error.userMessage : reason(error));
  }
}

export const failed = (code: string, message: string): Answer => ({ error: { code, message } });

const refOf = ({ userId, projectId, language, sessionName }: Introspect | SessionOp): SessionRef => ({
  userId,
  projectId,
  language,
  sessionName,
});
