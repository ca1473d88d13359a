import { type ServerMessage, serverMessage } from '@markco/core/device/agent-message';
import type { Log } from '@markco/sync/log';

/** AG1: a message this version knows, or null with a log line: a newer server may say more. */
export function readMessage(raw: unknown, log: Log): ServerMessage | null {
  const parsed = serverMessage.safeParse(raw);
  if (parsed.success) return parsed.data;
  const { type, kind } = (typeof raw === 'object' && raw !== null ? raw : {}) as { type?: unknown; kind?: unknown };
  log.info({ type: String(type), kind: String(kind) }, 'ignored a message this agent does not know');
  return null;
}
