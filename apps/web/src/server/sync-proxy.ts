import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const SYNC_PATH = /^\/(?:u\/[^/]+\/)?sync\//;

/** True for the addresses of the relay: `/sync/:userId/:project/:docPath` and the same below `/u/:userId`. */
export const isSyncPath = (url: string | undefined): boolean => SYNC_PATH.test(url ?? '');

/** The refusal as the relay gave it, so that clients see its status and reason (SY2). */
function refuse(socket: Duplex, status: number, message: string): void {
  const body = Buffer.from(message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/**
 * Carries a WebSocket upgrade to the relay, so that a phone needs one address and one certificate. Bytes are passed on
 * untouched; the relay does all checking.
 * @param relayUrl where the relay listens, e.g. `http://127.0.0.1:3006`
 */
export function proxySyncUpgrade(relayUrl: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const target = new URL(relayUrl);
  const forwarded = [req.headers['x-forwarded-for'], req.socket.remoteAddress].filter(Boolean).join(', ');
  const upstream = request({
    host: target.hostname,
    port: target.port,
    path: req.url,
    headers: { ...req.headers, 'x-forwarded-for': forwarded },
  });
  const drop = () => {
    upstream.destroy();
    socket.destroy();
  };
  socket.on('error', drop).on('close', () => upstream.destroy());
  upstream.on('error', () => refuse(socket, 503, 'The sync service cannot be reached; your edits are kept and will be sent.'));
  upstream.on('response', (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      body = (body + chunk).slice(0, 4_000);
    });
    answer.on('end', () => refuse(socket, answer.statusCode ?? 503, body));
  });
  upstream.on('upgrade', (answer, remote, remoteHead) => {
    const headers = answer.rawHeaders.reduce((text, value, i) => text + value + (i % 2 === 0 ? ': ' : '\r\n'), '');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n`);
    if (remoteHead.length > 0) socket.write(remoteHead);
    if (head.length > 0) remote.write(head);
    remote.on('error', drop).on('close', () => socket.destroy());
    socket.on('close', () => remote.destroy());
    remote.pipe(socket).pipe(remote);
  });
  upstream.end();
}
