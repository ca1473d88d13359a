/**
 * Typed errors shared by every process. Each code has one HTTP status, one tRPC key and one WebSocket close code,
 * written down here once; the person sees `userMessage`, the log sees `message`.
 */
export const ERROR_CODES = {
  bad_request: { http: 400, trpc: 'BAD_REQUEST', close: 4400 },
  unauthenticated: { http: 401, trpc: 'UNAUTHORIZED', close: 4401 },
  forbidden: { http: 403, trpc: 'FORBIDDEN', close: 4403 },
  not_found: { http: 404, trpc: 'NOT_FOUND', close: 4404 },
  conflict: { http: 409, trpc: 'CONFLICT', close: 4409 },
  idempotency_conflict: { http: 409, trpc: 'CONFLICT', close: 4409 },
  illegal_transition: { http: 409, trpc: 'CONFLICT', close: 4409 },
  too_large: { http: 413, trpc: 'PAYLOAD_TOO_LARGE', close: 1009 },
  rate_limited: { http: 429, trpc: 'TOO_MANY_REQUESTS', close: 1013 },
  limit_reached: { http: 429, trpc: 'TOO_MANY_REQUESTS', close: 1013 },
  switched_off: { http: 503, trpc: 'SERVICE_UNAVAILABLE', close: 1013 },
  unavailable: { http: 503, trpc: 'SERVICE_UNAVAILABLE', close: 1013 },
  timeout: { http: 504, trpc: 'GATEWAY_TIMEOUT', close: 1013 },
  internal: { http: 500, trpc: 'INTERNAL_SERVER_ERROR', close: 1011 },
} as const;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable code, a message for the log and a sentence for the person. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly userMessage: string;
  readonly details?: Record<string, unknown>;

  /**
   * @param code what kind of failure this is
   * @param userMessage what happened, what it means and what to do, in words for the person; carries no secrets
   * @param options `log`: the message for the log (defaults to `userMessage`); `details`: machine-readable extras; `cause`
   */
  constructor(code: ErrorCode, userMessage: string, options: { log?: string; details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(options.log ?? userMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.userMessage = userMessage;
    if (options.details) this.details = options.details;
  }
}

/** SE1: what another user's things answer; the same words whether the thing exists or not. */
export const notFound = (what: string): AppError => new AppError('not_found', `${what} was not found.`);
