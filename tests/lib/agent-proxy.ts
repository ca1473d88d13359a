import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

/** `up`: from the agent to the server. */
export type Direction = 'up' | 'down';

/** A message of the agent protocol, told by its direction and its text on the wire. */
export interface Point {
  readonly direction: Direction;
  readonly has: RegExp;
}

/** A message that was stopped on its way, with everything behind it. */
export interface Held {
  readonly text: string;
  /** Lets it and what is behind it go on. */
  release(): void;
}

/** Told of each message; answers who stops it, if anyone. */
type Look = (direction: Direction, text: string) => ((held: Held) => void) | null;

interface Trap extends Point {
  readonly caught: (held: Held) => void;
}

const AGENTS = '/api/agents/connect';

/**
 * Stands between agents and a web process and stops the agent protocol at an exact message. What follows a stopped message in its
 * direction waits behind it, as on a real wire; where either end goes away, what was stopped is lost. Other requests just pass.
 */
export class AgentProxy {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  readonly #target: number;
  readonly #wires = new Set<Wire>();
  readonly #traps: Trap[] = [];
  readonly #plain = new Set<Duplex>();
  #isCut = false;
  #losing: { path: string; lost: () => void } | null = null;
  #passed: { direction: Direction; text: string }[] = [];

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((req, res) => this.#forward(req, res));
    this.#server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#server.on('connection', (socket) => {
      this.#plain.add(socket);
      socket.once('close', () => this.#plain.delete(socket));
    });
  }

  /** Listens on a free port in front of the web process at `target`. */
  static async before(target: number): Promise<AgentProxy> {
    const proxy = new AgentProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Stops the next message that fits; resolves when it is there. */
  hold({ direction, has }: Point): Promise<Held> {
    return new Promise((caught) => this.#traps.push({ direction, has, caught }));
  }

  /** How many messages of a kind were let through so far. */
  passed({ direction, has }: Point): number {
    return this.#passed.filter((message) => message.direction === direction && has.test(message.text)).length;
  }

  /** Every connection is reset, and new ones are until {@link heal}. */
  cut(): void {
    this.#isCut = true;
    for (const wire of [...this.#wires]) wire.reset();
    for (const socket of [...this.#plain]) socket.destroy();
  }

  /** The next request to this path is handed on and acted upon; its connection is reset instead of an answer. Resolves when it was. */
  loseAnswer(path: string): Promise<void> {
    return new Promise((lost) => {
      this.#losing = { path, lost };
    });
  }

  heal(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(req: IncomingMessage, res: ServerResponse): void {
    if (this.#isCut) {
      req.socket.destroy();
      return;
    }
    const { method, headers, url: path } = req;
    const losing = this.#losing && path?.startsWith(this.#losing.path) ? this.#losing : null;
    if (losing) this.#losing = null;
    const onward = request({ host: '127.0.0.1', port: this.#target, method, headers, path }, (answer) => {
      if (losing) {
        res.destroy();
        losing.lost();
        return;
      }
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => res.destroy());
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    if (this.#isCut) socket.destroy();
    else if (!req.url?.startsWith(AGENTS)) this.#pipe(req, socket, head);
    else this.#join(req, socket, head);
  }

  #join(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(req, socket, head, (agent) => {
      const server = new WebSocket(`ws://127.0.0.1:${this.#target}${req.url}`);
      const wire = new Wire(agent, server, (direction, text) => this.#seen(direction, text));
      this.#wires.add(wire);
      wire.onEnd = () => this.#wires.delete(wire);
    });
  }

  #pipe(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const onward = connect(this.#target, '127.0.0.1', () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  }

  /** What waits for this message, if anything does. */
  #seen(direction: Direction, text: string): ((held: Held) => void) | null {
    const found = this.#traps.findIndex((trap) => trap.direction === direction && trap.has.test(text));
    if (found >= 0) return this.#traps.splice(found, 1)[0]!.caught;
    this.#passed.push({ direction, text });
    return null;
  }
}

/** One agent's socket and its other half. */
class Wire {
  onEnd: () => void = () => {};
  readonly #ends: Record<Direction, WebSocket>;
  readonly #waiting: Record<Direction, string[] | null> = { up: null, down: null };
  readonly #seen: Look;
  #over = false;

  constructor(agent: WebSocket, server: WebSocket, seen: Look) {
    this.#seen = seen;
    // Where each direction arrives.
    this.#ends = { up: server, down: agent };
    // Until the other half is open.
    this.#waiting.up = [];
    agent.on('message', (data) => this.#take('up', String(data)));
    server.on('message', (data) => this.#take('down', String(data)));
    server.once('open', () => this.#resume('up'));
    for (const [from, to] of [
      [agent, server],
      [server, agent],
    ] as const) {
      from.on('error', () => this.reset());
      from.on('close', (code) => this.#close(to, code));
    }
  }

  reset(): void {
    if (this.#over) return;
    this.#over = true;
    for (const end of Object.values(this.#ends)) end.terminate();
    this.onEnd();
  }

  #close(other: WebSocket, code: number): void {
    // 1006 and the like say how it ended and cannot be sent.
    const canBeSent = code >= 3000 || [1000, 1001, 1013].includes(code);
    if (this.#over) return;
    if (!canBeSent) {
      this.reset();
      return;
    }
    this.#over = true;
    other.close(code);
    this.onEnd();
  }

  #take(direction: Direction, text: string): void {
    const waiting = this.#waiting[direction];
    if (waiting) waiting.push(text);
    else this.#pass(direction, text);
  }

  #pass(direction: Direction, text: string): void {
    const caught = this.#seen(direction, text);
    if (!caught) {
      this.#send(direction, text);
      return;
    }
    this.#waiting[direction] = [];
    const release = () => {
      this.#send(direction, text);
      this.#resume(direction);
    };
    caught({ text, release });
  }

  #resume(direction: Direction): void {
    const waiting = this.#waiting[direction] ?? [];
    this.#waiting[direction] = null;
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      this.#pass(direction, text);
      // Another one was stopped: the rest waits behind it.
      const stopped = this.#waitingIn(direction);
      if (stopped) {
        stopped.push(...waiting);
        return;
      }
    }
  }

  #waitingIn(direction: Direction): string[] | null {
    return this.#waiting[direction];
  }

  #send(direction: Direction, text: string): void {
    const end = this.#ends[direction];
    if (!this.#over && end.readyState === WebSocket.OPEN) end.send(text);
  }
}
