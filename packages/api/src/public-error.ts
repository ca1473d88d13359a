import { AppError, ERROR_CODES, type ErrorCode } from '@markco/core/errors';
import { TRPCError } from '@trpc/server';
import { ZodError } from 'zod';

/** What leaves the process about a failure: never a stack, a query or a path of ours (SE5). */
export interface PublicError {
  code: ErrorCode;
  message: string;
  details?: Record<string, unknown>;
  http: number;
  trpc: (typeof ERROR_CODES)[ErrorCode]['trpc'];
  /** True for what nobody expected: it is logged whole, and answered with the request's id. */
  unexpected: boolean;
}

const OTHERS: Partial<Record<TRPCError['code'], [ErrorCode, string]>> = {
  UNAUTHORIZED: ['unauthenticated', 'You are not signed in. Sign in and try again.'],
  FORBIDDEN: ['forbidden', 'You may not do this.'],
  NOT_FOUND: ['not_found', 'There is nothing at this address.'],
  PARSE_ERROR: ['bad_request', 'The request could not be read: it is not valid JSON.'],
  BAD_REQUEST: ['bad_request', 'The request could not be understood.'],
  METHOD_NOT_SUPPORTED: ['bad_request', 'This address does not take this method.'],
  UNSUPPORTED_MEDIA_TYPE: ['bad_request', 'Send JSON (Content-Type: application/json).'],
  PAYLOAD_TOO_LARGE: ['too_large', 'The request is too large.'],
};

/** Turns anything thrown into what may be shown. */
export function toPublicError(thrown: unknown): PublicError {
  const cause = thrown instanceof TRPCError && thrown.cause ? thrown.cause : thrown;
  if (cause instanceof AppError) return make(cause.code, cause.userMessage, cause.details);
  if (cause instanceof ZodError && !(thrown instanceof TRPCError && thrown.code === 'INTERNAL_SERVER_ERROR')) {
    return make('bad_request', sentence(cause), {
      issues: cause.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.'), message })),
    });
  }
  const other = thrown instanceof TRPCError ? OTHERS[thrown.code] : undefined;
  if (other) return make(...other);
  return { ...make('internal', 'Something went wrong on the server. Nothing was changed; try again in a moment.'), unexpected: true };
}

function make(code: ErrorCode, message: string, details?: Record<string, unknown>): PublicError {
  const { http, trpc } = ERROR_CODES[code];
  return { code, message, ...(details && { details }), http, trpc, unexpected: code === 'internal' };
}

function sentence(error: ZodError): string {
  const first = error.issues[0];
  const where = first?.path.join('.');
  return `The request was refused: ${where ? `${where}: ` : ''}${first?.message ?? 'it has the wrong shape'}.`;
}
