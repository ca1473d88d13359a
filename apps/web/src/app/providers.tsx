'use client';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { httpBatchLink } from '@trpc/client';
import { type ReactNode, useEffect, useState } from 'react';
import superjson from 'superjson';
import { keepQueries } from '../data/kept-queries.ts';
import { trpc } from '../data/trpc.ts';

const isClientError = (error: unknown): boolean => {
  const status = (error as { data?: { httpStatus?: number } }).data?.httpStatus;
  return status !== undefined && status < 500;
};

/** Queries show what is known, ask again when the page comes to the front, and give up at once on answers that will not change. */
const createClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        gcTime: Number.POSITIVE_INFINITY,
        networkMode: 'always',
        retry: (count, error) => !isClientError(error) && count < 2,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });

/** The API and what was last seen of it, for every page. */
export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(createClient);
  const [api] = useState(() =>
    trpc.createClient({ links: [httpBatchLink({ url: '/api/trpc', transformer: superjson, maxURLLength: 2_000 })] }),
  );
  useEffect(() => {
    const stop = keepQueries(client);
    return () => void stop.then((end) => end());
  }, [client]);
  return (
    <trpc.Provider client={api} queryClient={client}>
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    </trpc.Provider>
  );
}
