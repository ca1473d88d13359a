import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Relay } from '@markco/sync/relay/relay';

const TEXT = 0x81;
const BINARY = 0x82;
const CLOSE = 8;
const HEAD_END = '\r\n\r\n';

/**
 * A WebSocket client of a relay in the same process, without a network: the relay's own upgrade and frame parser run on it, and
 * a frame that is sent has been received when {@link send} returns.
 */
export class MemorySocket extends Duplex {
  /** Binary messages that came in, oldest first. */
  readonly frames: Uint8Array[] = [];
  /** How the relay closed it. */
  ended: { readonly code: number; readonly reason: string } | null = null;
  #waiting: Buffer = Buffer.alloc(0);
  #opened: ((error?: Error) => void) | null = null;

  /** Connects to the address of a document (path and query). Rejects where the relay refuses the upgrade. */
  static async open(relay: Relay, path: string): Promise<MemorySocket> {
    const socket = new MemorySocket();
    const request = new IncomingMessage(socket as unknown as Socket);
    const headers = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    Object.assign(request, { method: 'GET', url: path, headers });
    const opened = new Promise<void>((resolve, reject) => {
      socket.#opened = (error) => (error ? reject(error) : resolve());
    });
    relay.handleUpgrade(request, socket, Buffer.alloc(0));
    await opened;
    return socket;
  }

  get isOpen(): boolean {
    return this.ended === null && !this.destroyed;
  }

  /** Hands the relay one message. */
  send(message: Uint8Array | string): void {
    const payload = typeof message === 'string' ? Buffer.from(message) : message;
    const { length } = payload;
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    // The mask of a client's frame is four zeros: nothing needs to be changed by it.
    const frame = Buffer.alloc(head + 4 + length);
    frame[0] = typeof message === 'string' ? TEXT : BINARY;
    frame[1] = 0x80 | (head === 2 ? length : head === 4 ? 126 : 127);
    if (head === 4) frame.writeUInt16BE(length, 2);
    if (head === 10) frame.writeUIntBE(length, 4, 6);
    frame.set(payload, head + 4);
    this.push(frame);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#waiting = this.#waiting.length > 0 ? Buffer.concat([this.#waiting, chunk]) : chunk;
    if (this.#opened) this.#readAnswer();
    if (!this.#opened) while (this.#readFrame());
    done();
  }

  #readAnswer(): void {
    const end = this.#waiting.indexOf(HEAD_END);
    if (end < 0) return;
    const answer = this.#waiting.subarray(0, end).toString();
    this.#waiting = this.#waiting.subarray(end + HEAD_END.length);
    this.#opened!(answer.startsWith('HTTP/1.1 101') ? undefined : new Error(`The relay answered ${answer.split('\r\n')[0]}`));
    this.#opened = null;
  }

  /** Takes one whole frame of the relay from what waits; false where there is none. */
  #readFrame(): boolean {
    const bytes = this.#waiting;
    if (bytes.length < 2) return false;
    const short = bytes[1]! & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) return false;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUIntBE(4, 6);
    if (bytes.length < head + length) return false;
    const payload = bytes.subarray(head, head + length);
    this.#waiting = bytes.subarray(head + length);
    const opcode = bytes[0]! & 15;
    if (opcode === CLOSE) {
      this.ended = { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
      // What a client's end does: the relay need not wait for an answer.
      this.destroy();
      return false;
    }
    if (opcode === 2) this.frames.push(Uint8Array.from(payload));
    return true;
  }
}
