import { pino } from 'pino';

/** What the agent needs of a logger; a pino logger is one. Never code, output, tokens or document text (OP3). */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For tests and embedded use. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** JSON lines on stderr (OP3): stdout belongs to what a command prints. */
export function createLog(level: string, fields: object = {}): Log {
  return pino({ level, base: { service: 'agent', ...fields } }, pino.destination({ fd: 2, sync: true }));
}

/** An error as a log field: its message only, as a cause may quote what must not be logged. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
