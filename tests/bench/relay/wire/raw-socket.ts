import { connect, type Socket } from 'node:net';

/** Any key will do: we do not check the server's answer to it. */
const KEY = 'bWFya2NvLWJlbmNobWFyaw==';
const OPCODE = { binary: 2, close: 8, ping: 9, pong: 10 } as const;
const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * The cheapest WebSocket client there is, so that the machine's time goes to the server under measurement: no handshake crypto, a mask
 * of zeros (allowed, and nothing to compute), no copies of what arrives whole.
 */
export class RawSocket {
  readonly stream: Socket;
  /** A binary or text message; the bytes are valid until it returns. */
  onMessage: (payload: Buffer) => void = () => {};
  onClose: () => void = () => {};
  /** The server's close code; null while open, and where the connection ended without one. */
  closeCode: number | null = null;
  isOpen = false;
  #rest: Buffer = EMPTY;

  private constructor(stream: Socket) {
    this.stream = stream;
  }

  /** Connects to a ws:// address. Rejects with the HTTP status where the upgrade is refused. */
  static open(url: string, onMessage: (payload: Buffer) => void = () => {}): Promise<RawSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const stream = connect({ host: hostname, port: Number(port), noDelay: true });
    const socket = new RawSocket(stream);
    socket.onMessage = onMessage;
    return new Promise((resolve, reject) => {
      stream.once('connect', () => stream.write(handshake(hostname, port, pathname + search)));
      stream.on('error', reject);
      stream.on('close', () => {
        reject(new Error(`${url.split('?')[0]} closed the connection during the handshake.`));
        socket.isOpen = false;
        socket.onClose();
      });
      socket.#awaitHead(() => resolve(socket), reject);
    });
  }

  /** Sends a message. */
  send(payload: Uint8Array): void {
    this.sendFramed(framed(payload));
  }

  /** Sends what {@link framed} made. */
  sendFramed(frame: Uint8Array): void {
    if (this.isOpen) this.stream.write(frame);
  }

  /** Ends the connection without a word. */
  end(): void {
    this.isOpen = false;
    this.stream.destroy();
  }

  #awaitHead(onOpen: () => void, onRefused: (error: Error) => void): void {
    const onData = (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      const end = this.#rest.indexOf(HEAD_END);
      if (end < 0) return;
      const status = this.#rest.toString('latin1', 9, 12);
      if (status !== '101') return onRefused(new Error(`The upgrade was refused with ${status}.`));
      const early = this.#rest.subarray(end + HEAD_END.length);
      this.#rest = EMPTY;
      this.stream.off('data', onData);
      this.stream.on('data', (data: Buffer) => this.#take(data));
      this.isOpen = true;
      onOpen();
      // After whoever waited for the opening has set itself up.
      if (early.length > 0) queueMicrotask(() => this.#take(early));
    };
    this.stream.on('data', onData);
  }

  #take(chunk: Buffer): void {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    for (let frame = frameAt(data, 0); frame; frame = frameAt(data, at)) {
      at = frame.end;
      this.#handle(frame.opcode, data.subarray(frame.start, frame.end));
    }
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : EMPTY;
  }

  #handle(opcode: number, payload: Buffer): void {
    if (opcode < OPCODE.close) this.onMessage(payload);
    else if (opcode === OPCODE.ping) this.sendFramed(framed(payload, OPCODE.pong));
    else if (opcode === OPCODE.close) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.sendFramed(framed(payload, OPCODE.close));
      this.stream.end();
      this.isOpen = false;
    }
  }
}

/** A message as a client's WebSocket frame, ready for the wire. */
export function framed(payload: Uint8Array, opcode: number = OPCODE.binary): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(6 + extra + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, 6 + extra);
  return frame;
}

/** Where the frame that begins at `at` has its payload; null while it is not complete. Servers do not mask, and ours do not fragment. */
function frameAt(data: Buffer, at: number): { opcode: number; start: number; end: number } | null {
  if (data.length < at + 2) return null;
  const short = data[at + 1]! & 0x7f;
  const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
  if (data.length < at + 2 + extra) return null;
  const length = extra === 0 ? short : extra === 2 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2));
  const start = at + 2 + extra;
  return data.length < start + length ? null : { opcode: data[at]! & 0x0f, start, end: start + length };
}

function handshake(host: string, port: string, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    '\r\n',
  ].join('\r\n');
}
