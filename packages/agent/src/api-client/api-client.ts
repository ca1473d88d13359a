import { createTRPCUntypedClient, createWSClient, httpLink, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import { toAppError } from './api-error.ts';
import { type InputOf, type OutputOf, PROCEDURES, type ProcedureName } from './procedures.ts';

/** The server's procedures as this package calls them. Answers are checked; failures are {@link AppError}s. */
export interface ApiClient {
  readonly server: string;
  call<N extends ProcedureName>(name: N, input: InputOf<N>, signal?: AbortSignal): Promise<OutputOf<N>>;
  /** Items until the server completes or the signal aborts; rejects when the connection is lost. */
  watch<N extends ProcedureName>(name: N, input: InputOf<N>, onItem: (item: OutputOf<N>) => void, signal: AbortSignal): Promise<void>;
}

/** @param token gives the access token for each call; null or absent for the calls that need none */
export function createApiClient(server: string, token?: () => Promise<string | null>): ApiClient {
  const base = server.replace(/\/+$/, '');
  const http = createTRPCUntypedClient({
    links: [
      httpLink({
        url: `${base}/api/trpc`,
        transformer: superjson,
        headers: async () => {
          const access = await token?.();
          return access ? { authorization: `Bearer ${access}` } : {};
        },
      }),
    ],
  });
  return {
    server: base,
    call: async (name, input, signal) => {
      const { kind, output } = PROCEDURES[name];
      try {
        const answer = kind === 'query' ? await http.query(name, input, { signal }) : await http.mutation(name, input, { signal });
        return output.parse(answer) as OutputOf<typeof name>;
      } catch (error) {
        throw toAppError(error, base);
      }
    },
    watch: (name, input, onItem, signal) => watchOverSocket(base, token, name, input, onItem as (item: unknown) => void, signal),
  };
}

async function watchOverSocket(
  base: string,
  token: (() => Promise<string | null>) | undefined,
  name: ProcedureName,
  input: unknown,
  onItem: (item: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const access = await token?.();
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      void client.close();
      reject(toAppError(error, base));
    };
    const client = createWSClient({
      url: `${base.replace(/^http/, 'ws')}/api/trpc`,
      connectionParams: { token: access ?? '' },
      WebSocket: WebSocket as never,
      retryDelayMs: () => 0,
      onClose: () => fail(new Error('the connection closed')),
      onError: () => fail(new Error('the connection failed')),
    });
    const finish = () => {
      void client.close();
      resolve();
    };
    const trpc = createTRPCUntypedClient({ links: [wsLink({ client, transformer: superjson })] });
    const subscription = trpc.subscription(name, input, {
      // `tracked` items come as {id, data}.
      onData: (item: unknown) => onItem(PROCEDURES[name].output.parse(isTracked(item) ? item.data : item)),
      onError: fail,
      onComplete: finish,
    });
    signal.addEventListener(
      'abort',
      () => {
        subscription.unsubscribe();
        finish();
      },
      { once: true },
    );
  });
}

const isTracked = (item: unknown): item is { id: string; data: unknown } =>
  typeof item === 'object' && item !== null && 'id' in item && 'data' in item && !('type' in item);
