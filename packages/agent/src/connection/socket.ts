import { projectSnapshotReply, type putAssetInput, putAssetReply } from '@markco/core/contract/runs';
import type { AgentMessage, RegisterMessage, SendReply } from '@markco/core/device/agent-message';
import { sendReply } from '@markco/core/device/agent-message';
import { createTRPCUntypedClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import { sendAtOnce } from './send-at-once.ts';

/** Why a socket ended. `unauthenticated`: the token was refused; `replaced`: this device connected elsewhere. */
export interface SocketEnd {
  kind: 'lost' | 'unauthenticated' | 'replaced';
  reason: string;
}

/** The socket is gone or the answer did not come; whether the server acted is unknown. */
export class SocketLostError extends Error {
  constructor(message = 'The connection to the server was lost.') {
    super(message);
    this.name = 'SocketLostError';
  }
}

export interface SocketOptions {
  /** http(s) address of the server. */
  server: string;
  token: string;
  register: RegisterMessage;
  onMessage: (raw: unknown) => void;
  replyWithinMs?: number;
  /** What is connected with; another network in tests. */
  WebSocket?: typeof WebSocket;
}

/** AG1: one tRPC WebSocket to the gateway, for one connection only; it never reconnects by itself. */
export class AgentSocket {
  readonly closed: Promise<SocketEnd>;
  readonly #client: ReturnType<typeof createWSClient>;
  readonly #trpc: ReturnType<typeof createTRPCUntypedClient>;
  readonly #replyWithinMs: number;
  #end!: (end: SocketEnd) => void;
  #open = true;

  constructor(options: SocketOptions) {
    this.#replyWithinMs = options.replyWithinMs ?? 15_000;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#client = createWSClient({
      url: `${options.server.replace(/\/+$/, '').replace(/^http/, 'ws')}/api/agents/connect`,
      connectionParams: { token: options.token },
      WebSocket: (options.WebSocket ?? WebSocket) as never,
      // The client would retry for ever by itself; it is closed first, and this lets its retry see that at once.
      retryDelayMs: () => 0,
      onClose: (cause) => this.#finish(endOf(cause?.code)),
      onError: () => this.#finish({ kind: 'lost', reason: 'the server cannot be reached' }),
    });
    this.#trpc = createTRPCUntypedClient({ links: [wsLink({ client: this.#client, transformer: superjson })] });
    this.#trpc.subscription('commands', options.register, {
      onData: (raw: unknown) => this.#open && options.onMessage(raw),
      onError: (error) => this.#finish(refusalOf(error)),
      onComplete: () => this.#finish({ kind: 'lost', reason: 'the server ended the stream' }),
    });
  }

  /** AG1: sends by mutation. Rejects with {@link SocketLostError} when no answer comes; the socket is then closed. */
  async send(message: AgentMessage): Promise<SendReply> {
    return sendReply.parse(await this.#call('mutation', 'send', message, this.#replyWithinMs));
  }

  /** RU19. Large, so it may take a minute. */
  async putAsset(input: z.input<typeof putAssetInput>): Promise<z.output<typeof putAssetReply>> {
    return putAssetReply.parse(await this.#call('mutation', 'putAsset', input, 60_000));
  }

  /** AG6: the project's documents of a run, as text. */
  async projectSnapshot(runId: string): Promise<z.output<typeof projectSnapshotReply>> {
    return projectSnapshotReply.parse(await this.#call('query', 'projectSnapshot', { runId }, 30_000));
  }

  close(reason = 'closed here'): void {
    this.#finish({ kind: 'lost', reason });
  }

  async #call(kind: 'mutation' | 'query', path: string, input: unknown, withinMs: number): Promise<unknown> {
    if (!this.#open) throw new SocketLostError();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#finish({ kind: 'lost', reason: 'the server does not answer' });
        reject(new SocketLostError('The server did not answer.'));
      }, withinMs);
    });
    const gone = this.closed.then((): never => {
      throw new SocketLostError();
    });
    try {
      const answer = this.#trpc[kind](path, input);
      sendAtOnce(this.#client);
      return await Promise.race([answer, late, gone]);
    } catch (error) {
      // An answer that is an error carries data; anything else is the connection.
      if (error instanceof TRPCClientError && !error.data) throw new SocketLostError();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #finish(end: SocketEnd): void {
    if (!this.#open) return;
    this.#open = false;
    this.#end(end);
    // tRPC's own close waits for open requests, which may never be answered; a dead peer never answers the close either.
    const ws = this.#client.connection?.ws as unknown as WebSocket | undefined;
    this.#client.close().catch(() => undefined);
    ws?.close();
    setTimeout(() => ws?.terminate(), 1_000).unref();
  }
}

function endOf(code: number | undefined): SocketEnd {
  if (code === 4401) return { kind: 'unauthenticated', reason: 'the server refused the token' };
  if (code === 4409) return { kind: 'replaced', reason: 'this device connected from elsewhere' };
  return { kind: 'lost', reason: code === 1001 ? 'the server is restarting' : `the connection closed (${code ?? 'no code'})` };
}

function refusalOf(error: unknown): SocketEnd {
  const code = error instanceof TRPCClientError ? (error.data as { code?: unknown } | undefined)?.code : undefined;
  if (code === 'UNAUTHORIZED' || code === 'FORBIDDEN') return { kind: 'unauthenticated', reason: 'the server refused the token' };
  if (code === 'CONFLICT') return { kind: 'replaced', reason: 'this device connected from elsewhere' };
  return { kind: 'lost', reason: error instanceof Error ? error.message : 'the stream failed' };
}
