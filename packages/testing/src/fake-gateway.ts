import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { putAssetInput, type putAssetReply } from '@markco/core/contract/runs';
import {
  type AgentMessage,
  agentMessage,
  type OfferedRun,
  type RegisterMessage,
  type ResumeReply,
  registerMessage,
  type SendReply,
} from '@markco/core/device/agent-message';
import { HEARTBEAT_MS } from '@markco/core/device/constants';
import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';
import { initTRPC, TRPCError } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import superjson from 'superjson';
import { type WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';
import { MessageStream } from './message-stream.ts';

/** Where a script may step in. `receive`: before the gateway acts; `reply`: it acted, the answer is about to go. */
export type GatewayMoment =
  | { at: 'connect'; token: string; attempt: number }
  | { at: 'register'; message: RegisterMessage; attempt: number }
  | { at: 'receive' | 'reply'; message: AgentMessage };
/** `drop`: the socket breaks; `silent`: no answer ever; `refuse`: unauthenticated. */
export type GatewayVerdict = 'drop' | 'silent' | 'refuse' | undefined;

export interface FakeRun {
  offer: OfferedRun;
  /** Insert-or-ignore by seq, as the database does it (RU16). */
  events: Map<number, RunEvent>;
  accepted: number[];
  refused: Extract<AgentMessage, { kind: 'refuse' }>[];
}

/** The answers of the plain HTTP procedures a test needs, by name; each gets the parsed input and the bearer token. */
export type HttpProcedures = Record<string, (input: unknown, bearer: string | null) => unknown>;

export interface FakeGateway {
  readonly url: string;
  readonly received: AgentMessage[];
  readonly registered: RegisterMessage[];
  readonly runs: Map<string, FakeRun>;
  readonly assets: Map<string, z.input<typeof putAssetInput>>;
  /** Called at every {@link GatewayMoment}. */
  script: (moment: GatewayMoment) => GatewayVerdict;
  /** Whether an accepted run is granted at once; default true. */
  autoGrant: boolean;
  /** `hold`: events are stored but not acknowledged, as when Postgres is away. */
  acks: 'now' | 'hold';
  http: HttpProcedures;
  snapshot: { files: { path: string; text: string }[]; truncated: boolean };
  resumeAction: (runId: string) => ResumeReply['runs'][number]['action'];
  /** Sends to the newest socket; false where there is none. */
  push(message: Record<string, unknown>): boolean;
  offer(run: OfferedRun): void;
  grant(runId: string, attempt?: number): void;
  /** Sends acknowledgements for everything held. */
  acknowledge(): void;
  eventsOf(runId: string): RunEventBody[];
  /** Highest seq without a gap. */
  contiguous(runId: string): number;
  /** Resolves when the condition holds; it is looked at after everything that happens here. */
  until(condition: () => boolean, what?: string): Promise<void>;
  ended(runId: string): Promise<RunEvent>;
  disconnect(code?: number): void;
  connected(): boolean;
  close(): Promise<void>;
}

/** A real HTTP and WebSocket server on a free port that speaks the gateway's protocol as a test scripts it. */
export async function startFakeGateway(options: { heartbeatMs?: number } = {}): Promise<FakeGateway> {
  const server = createServer();
  const state = new GatewayState(options.heartbeatMs ?? HEARTBEAT_MS);
  const wss = attachSockets(server, state);
  attachHttp(server, state);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      state.disconnect();
      for (const ws of wss.clients) ws.terminate();
      wss.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

class GatewayState implements Omit<FakeGateway, 'url' | 'close'> {
  readonly received: AgentMessage[] = [];
  readonly registered: RegisterMessage[] = [];
  readonly runs = new Map<string, FakeRun>();
  readonly assets = new Map<string, z.input<typeof putAssetInput>>();
  script: FakeGateway['script'] = () => undefined;
  autoGrant = true;
  acks: 'now' | 'hold' = 'now';
  http: HttpProcedures = {};
  snapshot: FakeGateway['snapshot'] = { files: [], truncated: false };
  resumeAction: FakeGateway['resumeAction'] = () => 'continue';
  current: { ws: WebSocket; stream: MessageStream<unknown> } | null = null;
  attempts = 0;
  readonly heartbeatMs: number;
  #watchers = new Set<() => void>();

  constructor(heartbeatMs: number) {
    this.heartbeatMs = heartbeatMs;
  }

  push(message: Record<string, unknown>): boolean {
    const about = this.registered.at(-1);
    if (!this.current || !about) return false;
    this.current.stream.push({
      messageId: randomUUID(),
      userId: about.userId,
      deviceId: about.deviceId,
      timestamp: Date.now(),
      ...message,
    });
    return true;
  }

  offer(run: OfferedRun): void {
    if (!this.runs.has(run.runId)) this.runs.set(run.runId, { offer: run, events: new Map(), accepted: [], refused: [] });
    this.push({ type: 'MRP_REQUEST', kind: 'offer', offer: run });
  }

  grant(runId: string, attempt = this.runs.get(runId)?.offer.attempt ?? 1): void {
    this.push({ type: 'MRP_REQUEST', kind: 'grant', runId, attempt });
  }

  acknowledge(): void {
    this.acks = 'now';
    for (const runId of this.runs.keys()) this.push({ type: 'MRP_REQUEST', kind: 'ack', runId, seq: this.contiguous(runId) });
  }

  eventsOf(runId: string): RunEventBody[] {
    return [...(this.runs.get(runId)?.events.values() ?? [])].sort((a, b) => a.seq - b.seq).map((event) => event.body);
  }

  contiguous(runId: string): number {
    const events = this.runs.get(runId)?.events;
    let seq = 0;
    while (events?.has(seq + 1)) seq++;
    return seq;
  }

  until(condition: () => boolean, what = 'the condition'): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`the gateway waited in vain for ${what}`));
      }, 60_000);
      this.#watchers.add(look);
    });
  }

  async ended(runId: string): Promise<RunEvent> {
    const last = () => [...(this.runs.get(runId)?.events.values() ?? [])].find((event) => event.body.kind === 'ended');
    await this.until(() => last() !== undefined, `the end of run ${runId}`);
    return last()!;
  }

  disconnect(code?: number): void {
    const ws = this.current?.ws;
    this.current = null;
    if (code === undefined) ws?.terminate();
    else ws?.close(code);
    this.changed();
  }

  connected(): boolean {
    return this.current !== null;
  }

  changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** What the gateway makes of a message; its answer. */
  take(message: AgentMessage): SendReply {
    this.received.push(message);
    if (message.type === 'RESUME') return { ok: true, resume: this.#resume(message) };
    if (message.type !== 'MRP_RESPONSE') return { ok: true };
    if (message.kind === 'answer' || message.kind === 'status') return { ok: true };
    const run = this.runs.get(message.runId);
    if (!run) return { ok: true, ignored: 'unknown run' };
    if (message.kind === 'accept') {
      run.accepted.push(message.attempt);
      if (this.autoGrant) setImmediate(() => this.grant(message.runId, message.attempt));
    } else if (message.kind === 'refuse') run.refused.push(message);
    else {
      for (const event of message.events) if (!run.events.has(event.seq)) run.events.set(event.seq, event);
      return { ok: true, ackedSeq: this.acks === 'now' ? this.contiguous(message.runId) : 0 };
    }
    return { ok: true };
  }

  #resume(message: Extract<AgentMessage, { type: 'RESUME' }>): ResumeReply {
    return {
      runs: message.runs.map(({ runId }) => ({
        runId,
        ackedSeq: this.acks === 'now' ? this.contiguous(runId) : 0,
        action: this.runs.has(runId) ? this.resumeAction(runId) : 'forget',
      })),
    };
  }
}

interface SocketContext {
  ws: WebSocket;
  token: string;
}

function attachSockets(server: Server, state: GatewayState): WebSocketServer {
  const t = initTRPC.context<SocketContext>().create({ transformer: superjson });
  const router = t.router({
    commands: t.procedure.input(registerMessage).subscription(async function* ({ input, ctx }) {
      const verdict = state.script({ at: 'register', message: input, attempt: state.attempts });
      if (verdict === 'drop') ctx.ws.terminate();
      if (verdict === 'refuse') throw new TRPCError({ code: 'UNAUTHORIZED' });
      state.registered.push(input);
      const stream = new MessageStream<unknown>();
      state.current?.ws.close(4409);
      state.current = { ws: ctx.ws, stream };
      if (verdict === undefined) state.push({ type: 'WELCOME', protocol: 1, heartbeatMs: state.heartbeatMs, serverTime: Date.now() });
      state.changed();
      yield* stream;
    }),
    send: t.procedure.input(agentMessage).mutation(async ({ input, ctx }): Promise<SendReply> => {
      const before = state.script({ at: 'receive', message: input });
      if (before) return give(before, ctx.ws);
      const reply = state.take(input);
      state.changed();
      const after = state.script({ at: 'reply', message: input });
      if (after) return give(after, ctx.ws);
      return reply;
    }),
    putAsset: t.procedure.input(putAssetInput).mutation(({ input }): z.output<typeof putAssetReply> => {
      const bytes = Buffer.from(input.base64, 'base64');
      const assetId = createHash('sha256').update(bytes).digest('hex');
      state.assets.set(assetId, input);
      state.changed();
      return { assetId, url: `/assets/${assetId}`, size: bytes.length, width: null, height: null };
    }),
    projectSnapshot: t.procedure.query(() => state.snapshot),
  });
  const wss = new WebSocketServer({ server, path: '/api/agents/connect' });
  applyWSSHandler({
    wss,
    router,
    createContext: ({ res, info }) => {
      const token = info.connectionParams?.token ?? '';
      const verdict = state.script({ at: 'connect', token, attempt: state.attempts++ });
      state.changed();
      if (verdict === 'drop') res.terminate();
      if (verdict === 'refuse') throw new TRPCError({ code: 'UNAUTHORIZED' });
      res.once('close', () => {
        if (state.current?.ws === res) state.current = null;
        state.changed();
      });
      return { ws: res, token };
    },
  });
  return wss;
}

/** Never answers; with `drop` the socket goes too. */
function give(verdict: 'drop' | 'silent' | 'refuse', ws: WebSocket): Promise<never> {
  if (verdict === 'refuse') throw new TRPCError({ code: 'BAD_REQUEST', message: 'refused by the script' });
  if (verdict === 'drop') ws.terminate();
  return new Promise(() => {});
}

function attachHttp(server: Server, state: GatewayState): void {
  const t = initTRPC.context<{ bearer: string | null }>().create({ transformer: superjson });
  const call =
    (name: string) =>
    async ({ input, ctx }: { input: unknown; ctx: { bearer: string | null } }) => {
      const handler = state.http[name];
      if (!handler) throw new TRPCError({ code: 'NOT_FOUND', message: `the test scripts no ${name}` });
      const answer = await handler(input, ctx.bearer);
      state.changed();
      return answer;
    };
  server.on('request', (request, response) => {
    const path = (request.url ?? '').replace(/^\/api\/trpc\//, '').split('?')[0]!;
    const any = t.procedure.input((value: unknown) => value);
    const [group, name] = path.split('.') as [string, string];
    const procedure = request.method === 'GET' ? any.query(call(path)) : any.mutation(call(path));
    const router = t.router({ [group]: t.router({ [name ?? '']: procedure }) });
    createHTTPHandler({
      router,
      basePath: '/api/trpc/',
      createContext: ({ req }) => ({ bearer: req.headers.authorization?.replace(/^Bearer /, '') ?? null }),
    })(request, response);
  });
}

export { TRPCError as GatewayError } from '@trpc/server';
