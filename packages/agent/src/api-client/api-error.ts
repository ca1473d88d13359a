import { AppError, ERROR_CODES, type ErrorCode } from '@markco/core/errors';
import { TRPCClientError } from '@trpc/client';

/** A failed call as an {@link AppError}: the server's own code where it sent one, `unavailable` where it could not be reached. */
export function toAppError(error: unknown, server: string): AppError {
  if (error instanceof AppError) return error;
  const data = error instanceof TRPCClientError ? (error.data as Record<string, unknown> | null | undefined) : undefined;
  if (data) return new AppError(codeOf(data), error instanceof Error ? error.message : 'The server refused.', { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new AppError('unavailable', `The server at ${server} cannot be reached. It is tried again; check the network and the address.`, {
    log: `call failed: ${why}`,
    cause: error,
  });
}

/** True where signing in again is the only way on. */
export const isUnauthenticated = (error: unknown): boolean => error instanceof AppError && error.code === 'unauthenticated';

function codeOf(data: Record<string, unknown>): ErrorCode {
  if (typeof data.appCode === 'string' && data.appCode in ERROR_CODES) return data.appCode as ErrorCode;
  // Several of our codes share this one; without the server's own code it means that it is away.
  if (data.code === 'SERVICE_UNAVAILABLE') return 'unavailable';
  const found = Object.entries(ERROR_CODES).find(([, known]) => known.trpc === data.code);
  return (found?.[0] as ErrorCode | undefined) ?? 'internal';
}
