import type { AppRouter } from '@markco/api/app-router';
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, type TRPCClient, wsLink } from '@trpc/client';
import superjson from 'superjson';

/** The typed client: queries and mutations over HTTP, subscriptions over one WebSocket that reconnects by itself. */
export interface Api {
  client: TRPCClient<AppRouter>;
  close(): Promise<void>;
}

/** @param origin e.g. `https://markco.dev`; the cookie of the page authenticates both ways */
export function createApiClient(origin: string): Api {
  const socket = createWSClient({
    url: `${origin.replace(/^http/, 'ws')}/api/trpc`,
    lazy: { enabled: true, closeMs: 30_000 },
    retryDelayMs: (attempt) => Math.random() * Math.min(30_000, 500 * 2 ** attempt),
  });
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink({ client: socket, transformer: superjson }),
        false: httpBatchLink({ url: `${origin}/api/trpc`, transformer: superjson, maxURLLength: 2_000 }),
      }),
    ],
  });
  return { client, close: async () => socket.close() };
}
