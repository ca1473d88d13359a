import type { Log } from '@markco/sync/log';
import { pino } from 'pino';

/** JSON lines on stderr (OP3): stdout belongs to what a command prints. */
export function createLog(level: string, fields: object = {}): Log {
  return pino({ level, base: { service: 'agent', ...fields } }, pino.destination({ fd: 2, sync: true }));
}

/** An error as a log field: its message only, as a cause may quote what must not be logged. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
