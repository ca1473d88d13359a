'use client';

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { apiLinks } from '../data/api-links.ts';
import { keepQueries } from '../data/kept-queries.ts';
import { signInPath } from '../data/safe-path.ts';
import { trpc } from '../data/trpc.ts';

const statusOf = (error: unknown): number | undefined => (error as { data?: { httpStatus?: number } }).data?.httpStatus;

/** The session ended (signed out elsewhere, expired): to the sign-in page and back (WB10). Edits wait in this browser. */
function onQueryError(error: unknown): void {
  if (statusOf(error) !== 401 || window.location.pathname === '/sign-in') return;
  window.location.assign(signInPath(window.location.pathname + window.location.search));
}

/** Queries show what is known, ask again when the page comes to the front, and give up at once on answers that will not change. */
const createClient = () =>
  new QueryClient({
    queryCache: new QueryCache({ onError: onQueryError }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        gcTime: Number.POSITIVE_INFINITY,
        networkMode: 'always',
        retry: (count, error) => (statusOf(error) ?? 500) >= 500 && count < 2,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });

/** The API and what was last seen of it, for every page. */
export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(createClient);
  const [api] = useState(() => trpc.createClient({ links: apiLinks() }));
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
