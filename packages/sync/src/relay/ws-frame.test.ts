import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { wsFrame } from './ws-frame.ts';

describe('a WebSocket frame', () => {
  it('SY13: is made once for what goes to many, and anew for other bytes', () => {
    const payload = Uint8Array.of(1, 2, 3);
    expect(wsFrame(payload)).toBe(wsFrame(payload));
    const large = new Uint8Array(100_000);
    expect(wsFrame(large)).toBe(wsFrame(large));
    expect([...wsFrame(Uint8Array.of(4))]).toEqual([0x82, 1, 4]);
    expect([...wsFrame(payload)]).toEqual([0x82, 3, 1, 2, 3]);
  });

  it('is read by a stock client at every length of its header', async () => {
    const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
    const payloads = lengths.map((length) => new Uint8Array(length).map((_, i) => i * 7));
    const server = createServer((socket) => {
      socket.once('data', (request: Buffer) => {
        const key = /Sec-WebSocket-Key: (.*)\r\n/i.exec(request.toString())![1]!;
        socket.write(`HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(key)}\r\n\r\n`);
        for (const payload of payloads) socket.write(wsFrame(payload));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    const received: Buffer[] = [];
    await new Promise<void>((resolve) =>
      client.on('message', (data: Buffer) => {
        if (received.push(data) === payloads.length) resolve();
      }),
    );
    expect(received.map((data) => data.length)).toEqual(lengths);
    expect(received.every((data, i) => data.equals(payloads[i]!))).toBe(true);
    client.terminate();
    server.close();
  });
});

const accept = (key: string): string => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
