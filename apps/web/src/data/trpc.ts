import type { AppRouter } from '@markco/api/app-router';
import { createTRPCReact } from '@trpc/react-query';

/** Typed hooks over the API; the provider is in app/providers.tsx. */
export const trpc = createTRPCReact<AppRouter>();
