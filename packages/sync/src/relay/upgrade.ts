import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DeadlineExceeded, withDeadline } from '../with-deadline.ts';
import { parseSyncAddress } from './address.ts';
import { type Access, type Authorizer, UpgradeRefused } from './authorize.ts';
import type { RoomLease, RoomRegistry } from './room-registry.ts';

/** A socket that may be accepted, with its document loaded. */
export interface Admission {
  readonly access: Access;
  readonly lease: RoomLease;
  /** The history the client says its copy belongs to (`?epoch=`). */
  readonly epoch: string | null;
}

/**
 * SY2: decides at the HTTP upgrade, before the socket is accepted: address, permission, and the document itself. A client
 * cannot send frames before it is accepted, so nothing it says is lost. Rejects with {@link UpgradeRefused}.
 */
export async function admit(
  request: IncomingMessage,
  options: { authorizer: Authorizer; rooms: RoomRegistry; timeoutMs: number },
): Promise<Admission> {
  const parsed = parseSyncAddress(request.url ?? '/');
  if (!parsed.ok) throw new UpgradeRefused(404, parsed.reason);
  const deadline = Date.now() + options.timeoutMs;
  const access = await within(options.authorizer.authorize(request, parsed.address), deadline);
  const opening = options.rooms.acquire(access.ref.documentId);
  let lease: RoomLease | null;
  try {
    lease = await within(opening, deadline);
  } catch (error) {
    // It may still open after the deadline: then nobody holds it.
    opening.then(
      (late) => late?.release(),
      () => {},
    );
    throw error;
  }
  if (!lease) throw new UpgradeRefused(404, 'The document was not found.');
  if (access.epoch && access.epoch !== lease.room.epoch) {
    lease.release();
    throw new UpgradeRefused(401, 'The ticket is for an earlier history of the document. Ask for a new one.');
  }
  return { access, lease, epoch: new URLSearchParams((request.url ?? '').split('?')[1]).get('epoch') };
}

async function within<T>(promise: Promise<T>, deadline: number): Promise<T> {
  try {
    return await withDeadline(promise, Math.max(1, deadline - Date.now()));
  } catch (error) {
    if (error instanceof UpgradeRefused) throw error;
    const why = error instanceof DeadlineExceeded ? 'took too long' : 'failed';
    throw new UpgradeRefused(503, `Opening the document ${why}. Try again in a moment.`);
  }
}

/** Answers an upgrade with an HTTP error and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const body = JSON.stringify({ error: message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 503 || status === 429 ? ['Retry-After: 2'] : []),
  ];
  // Who never closes its side would keep the connection.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
