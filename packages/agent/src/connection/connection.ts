import type { AgentMessage, RegisterMessage, ResumeReply, SendReply, ServerMessage } from '@markco/core/device/agent-message';
import { AGENT_PROTOCOL_VERSION, HEARTBEAT_MS, WAKE_PROOF_MS } from '@markco/core/device/constants';
import type { CapabilitySnapshot } from '@markco/core/device/device';
import type { Log } from '@markco/sync/log';
import { isUnauthenticated } from '../api-client/api-error.ts';
import { reason } from '../log.ts';
import { reconnectDelay } from './backoff.ts';
import type { Identity } from './envelope.ts';
import { envelope } from './envelope.ts';
import { startHeartbeat } from './heartbeat.ts';
import { readMessage } from './read-message.ts';
import { SendQueue } from './send-queue.ts';
import { AgentSocket, type SocketEnd, SocketLostError, type SocketOptions } from './socket.ts';
import { detectWake } from './wake-detector.ts';

/** `needs_sign_in`: everything local stays, only signing in helps. */
export type ConnectionState = 'stopped' | 'connecting' | 'online' | 'offline' | 'needs_sign_in';

type ResumeRuns = Extract<AgentMessage, { type: 'RESUME' }>['runs'];

/** A message without the envelope. */
export type Outgoing = AgentMessage extends infer M
  ? M extends AgentMessage
    ? Omit<M, keyof ReturnType<typeof envelope>> & { requestId?: string }
    : never
  : never;

export interface ConnectionOptions {
  server: string;
  identity: Identity;
  bootId: string;
  about: Pick<RegisterMessage, 'name' | 'kind' | 'platform' | 'version'>;
  /** A valid access token. Rejects with `unauthenticated` where only signing in helps. */
  token: () => Promise<string>;
  /** The server refused this token: do not hand it out again. */
  onRefusedToken: (token: string) => void;
  snapshot: () => { allowRuns: boolean; projectIds: string[]; capabilities: CapabilitySnapshot };
  resume: () => ResumeRuns;
  onResumed: (reply: ResumeReply) => void;
  onMessage: (message: ServerMessage) => void;
  onState: (state: ConnectionState) => void;
  log: Log;
  /** For tests: milliseconds before the given attempt. */
  delay?: (attempt: number) => number;
  replyWithinMs?: number;
  welcomeWithinMs?: number;
  proveWithinMs?: number;
  /** For tests: another network. */
  WebSocket?: SocketOptions['WebSocket'];
}

/** One start of a connection; `over` once it was stopped. */
interface Life {
  over: boolean;
}

/** AG1, AG2: keeps one socket to the gateway for as long as it is started: connect, register, resume, beat, and again. */
export class Connection {
  readonly queue = new SendQueue();
  readonly #options: ConnectionOptions;
  #state: ConnectionState = 'stopped';
  #socket: AgentSocket | null = null;
  #wakeUp: (() => void) | null = null;
  /** From start to stop; a wake may come while the stop before it still waits for its goodbye. */
  #life: Life | null = null;
  #loop: Promise<void> = Promise.resolve();
  #attempt = 0;
  /** The next attempt follows at once. */
  #hurry = false;
  #stopDetector: () => void = () => {};
  #stopBeating: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The open socket for assets and snapshots. Throws {@link SocketLostError} where there is none. */
  get socket(): AgentSocket {
    if (!this.#socket || this.#state !== 'online') throw new SocketLostError('There is no connection to the server.');
    return this.#socket;
  }

  start(): void {
    if (this.#life) return;
    const life: Life = { over: false };
    this.#life = life;
    this.#stopDetector = detectWake((why) => {
      this.#options.log.info({ why }, 'reconnecting at once');
      this.reconnect();
    });
    // Of a stop that is under way, when the computer slept before its goodbye was answered.
    this.#socket?.close('stopped');
    this.#loop = this.#loop.then(() => this.#run(life));
  }

  /** AG2: at once instead of after the back-off; a socket that is there, open or not, has to prove itself soon. */
  reconnect(): void {
    this.#attempt = 0;
    this.#wakeUp?.();
    if (this.#socket) void this.#prove(this.#socket);
  }

  /** Says goodbye (offline at once, AG2) and ends. */
  async stop(why: 'sleep' | 'quit' | 'sign_out'): Promise<void> {
    if (!this.#life) return;
    this.#life.over = true;
    this.#life = null;
    const loop = this.#loop;
    this.#stopDetector();
    // A beat after the goodbye would say the opposite.
    this.#stopBeating();
    if (this.#state === 'online') {
      const goodbye = this.queue.now(this.message({ type: 'GOODBYE', reason: why }));
      await Promise.race([goodbye.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    }
    // Started again meanwhile: what is there now belongs to the new life.
    if (this.#life) return loop;
    this.#wakeUp?.();
    this.#socket?.close('stopped');
    await loop;
    if (!this.#life) this.#enter('stopped');
  }

  /** Something the server should know before the next heartbeat. */
  beatNow(): void {
    const socket = this.#socket;
    if (socket && this.#state === 'online') void this.#beat(socket).catch(() => undefined);
  }

  /** Adds the envelope. */
  message(body: Outgoing): AgentMessage {
    const { requestId, ...rest } = body as Outgoing & { requestId?: string };
    return { ...envelope(this.#options.identity, requestId), ...rest } as AgentMessage;
  }

  send(body: Outgoing): Promise<SendReply> {
    return this.queue.now(this.message(body));
  }

  async #run(life: Life): Promise<void> {
    while (!life.over) {
      const end = await this.#once(life);
      if (life.over) break;
      this.#enter(end.kind === 'sign_in' ? 'needs_sign_in' : 'offline');
      const wait = end.kind === 'sign_in' ? null : this.#hurry ? 0 : this.#delayAfter(end.kind);
      this.#hurry = false;
      this.#options.log.info({ reason: end.reason, waitMs: wait }, 'not connected');
      if (wait !== 0) await this.#pause(wait);
    }
  }

  async #once(life: Life): Promise<SocketEnd | { kind: 'sign_in'; reason: string }> {
    this.#enter('connecting');
    let token: string;
    try {
      token = await this.#options.token();
    } catch (error) {
      return { kind: isUnauthenticated(error) ? 'sign_in' : 'lost', reason: reason(error) };
    }
    if (life.over) return { kind: 'lost', reason: 'stopped' };
    const end = await this.#live(token);
    if (end.kind === 'unauthenticated') this.#options.onRefusedToken(token);
    return end;
  }

  async #live(token: string): Promise<SocketEnd> {
    const { log, server, replyWithinMs, welcomeWithinMs = 15_000, WebSocket } = this.#options;
    const onMessage = (raw: unknown) => {
      const message = readMessage(raw, log);
      if (!message) return;
      if (message.type === 'WELCOME') {
        clearTimeout(patience);
        this.#stopBeating = startHeartbeat(
          message.heartbeatMs || HEARTBEAT_MS,
          () => this.#beat(socket),
          () => socket.close('the heartbeat failed'),
        );
        // What the server asks from now on is answered at once, also while the runs are still being compared.
        this.queue.attach(socket);
        void this.#resume(socket);
      } else this.#options.onMessage(message);
    };
    const socket = new AgentSocket({
      ...{ server, token, register: this.#register(), onMessage },
      ...(replyWithinMs && { replyWithinMs }),
      ...(WebSocket && { WebSocket }),
    });
    const patience = setTimeout(() => socket.close('no welcome from the server'), welcomeWithinMs);
    this.#socket = socket;
    const end = await socket.closed;
    clearTimeout(patience);
    this.#stopBeating();
    this.queue.detach();
    this.#socket = null;
    return end;
  }

  /** RU11: online once the server said what it has of every run. */
  async #resume(socket: AgentSocket): Promise<void> {
    try {
      const runs = this.#options.resume();
      const reply = await socket.send(this.message({ type: 'RESUME', bootId: this.#options.bootId, runs }));
      this.#attempt = 0;
      this.#enter('online');
      this.#options.onResumed(reply.resume ?? { runs: [] });
    } catch (error) {
      this.#options.log.warn({ reason: reason(error) }, 'resuming failed');
      socket.close('resuming failed');
    }
  }

  #register(): RegisterMessage {
    const { identity, bootId, about, snapshot } = this.#options;
    return { ...envelope(identity), type: 'REGISTER', protocol: AGENT_PROTOCOL_VERSION, bootId, ...about, ...snapshot() };
  }

  /** AG2: a socket from before a sleep or a change of networks, which may be silent for ever. */
  async #prove(socket: AgentSocket): Promise<void> {
    const giveUp = () => {
      if (this.#socket !== socket) return;
      this.#hurry = true;
      socket.close('it did not survive the sleep');
    };
    const wasOnline = this.#state === 'online';
    const patience = setTimeout(() => (wasOnline || this.#state !== 'online') && giveUp(), this.#options.proveWithinMs ?? WAKE_PROOF_MS);
    if (!wasOnline) return;
    await this.#beat(socket).catch(giveUp);
    clearTimeout(patience);
  }

  #beat(socket: AgentSocket): Promise<SendReply> {
    const { capabilities, projectIds } = this.#options.snapshot();
    return socket.send(this.message({ type: 'HEARTBEAT', capabilities, projectIds }));
  }

  #delayAfter(kind: SocketEnd['kind']): number {
    if (this.#options.delay) return this.#options.delay(this.#attempt++);
    // Two installations with one identity must not push each other out every second.
    return kind === 'replaced' ? 30_000 + reconnectDelay(4) : reconnectDelay(this.#attempt++);
  }

  /** Waits; for ever with null. `reconnect` and `stop` end it. */
  async #pause(ms: number | null): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeUp = null;
  }

  #enter(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.log.info({ state }, 'connection');
    this.#options.onState(state);
  }
}
