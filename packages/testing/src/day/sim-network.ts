import { EventEmitter } from 'node:events';
import type { SimClock } from './sim-clock.ts';
import type { SimMachine } from './sim-machine.ts';

const LOST = 1006;

/** Serves a socket that came to an address. */
export type Accept = (socket: ServerSocket, url: string) => void;

/** A process that can be reached. */
export interface Listener {
  readonly machine: SimMachine;
  readonly accept: Accept;
}

/**
 * `holds`: nothing passes for now, and what was sent arrives later, in order. `loses`: nothing passes, and connections that anything was
 * sent over are dead for good without anybody being told.
 */
export type LinkState = 'up' | 'holds' | 'loses';

/** The way of one computer to the servers. */
export class Link {
  #state: LinkState = 'up';
  #held: (() => void)[] = [];
  #connected: (() => void)[] = [];

  get state(): LinkState {
    return this.#state;
  }

  set(state: LinkState): void {
    this.#state = state;
    if (state === 'loses') this.#held = [];
    if (state === 'up') for (const arrive of this.#held.splice(0)) arrive();
  }

  hold(arrive: () => void): void {
    this.#held.push(arrive);
  }

  /** The program at this end is gone, and its kernel tells the others. */
  hangUp(): void {
    for (const tell of this.#connected.splice(0)) tell();
  }

  connected(hangUp: () => void): void {
    this.#connected.push(hangUp);
  }
}

/** Connections between simulated machines: messages take a while, keep their order, and may never arrive. */
export class Network {
  readonly #clock: SimClock;
  readonly #air: SimMachine;
  readonly #reachable: () => Listener | null;

  /** @param reachable the process the next connection goes to; null while there is none */
  constructor(clock: SimClock, reachable: () => Listener | null) {
    this.#clock = clock;
    this.#air = clock.machine('network');
    this.#reachable = reachable;
  }

  /** The class of WebSockets that open over `link` in the name of whichever machine makes one. */
  webSockets(link: Link): typeof ClientSocket {
    const connect = (socket: ClientSocket, url: string) => this.#connect(socket, url, link);
    return class extends ClientSocket {
      constructor(url: string) {
        super(url, connect);
      }
    };
  }

  #connect(client: ClientSocket, url: string, link: Link): void {
    const wire = new Wire(this.#clock, this.#air, link, this.#clock.current!);
    client.wire = wire;
    this.#clock.schedule(this.#air, () => this.#arrive(wire, client, url), this.#clock.random() * 20);
  }

  #arrive(wire: Wire, client: ClientSocket, url: string): void {
    if (wire.link.state !== 'up') return;
    const listener = this.#reachable();
    if (!listener) {
      wire.toClient(() => client.failed());
      return;
    }
    wire.server = listener.machine;
    const socket = new ServerSocket(wire, client);
    client.peer = socket;
    wire.link.connected(() => wire.toServer(() => socket.closedThere(LOST)));
    wire.toClient(() => client.opened());
    listener.machine.run(() => listener.accept(socket, url));
  }
}

/** One connection. */
class Wire {
  readonly link: Link;
  readonly #clock: SimClock;
  readonly #air: SimMachine;
  readonly #client: SimMachine;
  server: SimMachine | null = null;
  #dead = false;
  #last = { client: 0, server: 0 };

  constructor(clock: SimClock, air: SimMachine, link: Link, client: SimMachine) {
    this.#clock = clock;
    this.#air = air;
    this.link = link;
    this.#client = client;
  }

  toClient(packet: () => void): void {
    this.#send('client', this.#client, packet);
  }

  toServer(packet: () => void): void {
    if (this.server) this.#send('server', this.server, packet);
  }

  #send(direction: 'client' | 'server', receiver: SimMachine, packet: () => void): void {
    // The dead send nothing.
    if (this.#clock.current?.dead) return;
    const { now } = this.#clock;
    const at = Math.max(this.#last[direction], now + 1 + this.#clock.random() * 30);
    this.#last[direction] = at;
    this.#clock.schedule(this.#air, () => this.#arrive(receiver, packet), at - now);
  }

  #arrive(receiver: SimMachine, packet: () => void): void {
    if (this.link.state === 'loses') this.#dead = true;
    if (this.#dead || receiver.dead) return;
    if (this.link.state === 'holds') this.link.hold(() => this.#arrive(receiver, packet));
    else receiver.whenAwake(() => receiver.run(packet));
  }
}

type Said = { data?: string; code?: number; reason?: string };

/** The client's end, as browsers and `ws` have it. */
export class ClientSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = ClientSocket.CONNECTING;
  binaryType = 'arraybuffer';
  wire!: Wire;
  peer: ServerSocket | null = null;
  readonly #listeners = new Map<string, Set<(event: Said) => void>>();

  constructor(url: string, connect: (socket: ClientSocket, url: string) => void) {
    connect(this, url);
  }

  addEventListener(type: string, listener: (event: Said) => void): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: (event: Said) => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  send(data: string): void {
    const { peer } = this;
    if (this.readyState === ClientSocket.OPEN && peer) this.wire.toServer(() => peer.received(data));
  }

  close(): void {
    if (this.readyState >= ClientSocket.CLOSING) return;
    this.readyState = ClientSocket.CLOSING;
    const { peer } = this;
    if (peer) this.wire.toServer(() => peer.closedThere(1000));
  }

  terminate(): void {
    const { peer } = this;
    if (peer) this.wire.toServer(() => peer.closedThere(LOST));
    this.closedThere(LOST);
  }

  opened(): void {
    if (this.readyState !== ClientSocket.CONNECTING) return;
    this.readyState = ClientSocket.OPEN;
    this.#tell('open', {});
  }

  failed(): void {
    this.#tell('error', {});
    this.closedThere(LOST);
  }

  received(data: string): void {
    if (this.readyState === ClientSocket.OPEN) this.#tell('message', { data });
  }

  closedThere(code: number): void {
    if (this.readyState === ClientSocket.CLOSED) return;
    this.readyState = ClientSocket.CLOSED;
    this.#tell('close', { code, reason: '' });
  }

  #tell(type: string, event: Said): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener.call(this, event);
  }
}

/** The server's end, as far as tRPC uses one of `ws`. */
export class ServerSocket extends EventEmitter {
  readyState = 1;
  readonly #wire: Wire;
  readonly #client: ClientSocket;

  constructor(wire: Wire, client: ClientSocket) {
    super();
    this.#wire = wire;
    this.#client = client;
  }

  send(data: string): void {
    if (this.readyState === 1) this.#wire.toClient(() => this.#client.received(data));
  }

  close(code = 1005): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.#wire.toClient(() => {
      this.#client.closedThere(code);
      this.#wire.toServer(() => this.closedThere(code));
    });
  }

  terminate(): void {
    this.#wire.toClient(() => this.#client.closedThere(LOST));
    this.closedThere(LOST);
  }

  /** The process is gone and its kernel says so. */
  reset(): void {
    this.#wire.toClient(() => this.#client.closedThere(LOST));
  }

  received(data: string): void {
    if (this.readyState === 1) this.emit('message', Buffer.from(data), false);
  }

  closedThere(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', code, Buffer.alloc(0));
    this.#wire.toClient(() => this.#client.closedThere(code));
  }
}
