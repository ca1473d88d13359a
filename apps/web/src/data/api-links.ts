import type { AppRouter } from '@markco/api/app-router';
import { createWSClient, httpBatchLink, splitLink, type TRPCLink, wsLink } from '@trpc/client';
import superjson from 'superjson';

/** Queries and mutations over HTTP, subscriptions over one WebSocket that opens when needed and reconnects by itself. */
export function apiLinks(): TRPCLink<AppRouter>[] {
  const http = httpBatchLink<AppRouter>({ url: '/api/trpc', transformer: superjson, maxURLLength: 2_000 });
  // While the server renders, nothing is asked.
  if (typeof window === 'undefined') return [http];
  const socket = createWSClient({
    url: `${window.location.origin.replace(/^http/, 'ws')}/api/trpc`,
    lazy: { enabled: true, closeMs: 30_000 },
    retryDelayMs: (attempt) => Math.random() * Math.min(30_000, 500 * 2 ** attempt),
  });
  return [
    splitLink({ condition: ({ type }) => type === 'subscription', true: wsLink({ client: socket, transformer: superjson }), false: http }),
  ];
}
