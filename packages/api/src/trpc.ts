import { AppError } from '@markco/core/errors';
import { initTRPC } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import superjson from 'superjson';
import type { ApiContext, Principal } from './context.ts';
import { toPublicError } from './public-error.ts';
import type { RateRule } from './rate-limiter.ts';

const t = initTRPC.context<ApiContext>().create({
  transformer: superjson,
  sse: { ping: { enabled: true, intervalMs: 15_000 } },
  errorFormatter({ shape, error, ctx }) {
    const shown = toPublicError(error);
    return {
      message: shown.message,
      code: TRPC_ERROR_CODES_BY_KEY[shown.trpc],
      data: {
        code: shown.trpc,
        httpStatus: shown.http,
        path: shape.data.path,
        /** A key of ERROR_CODES; the same as over REST. */
        appCode: shown.code,
        userMessage: shown.message,
        details: shown.details,
        requestId: ctx?.requestId,
      },
    };
  },
});

export const router = t.router;
export const mergeRouters = t.mergeRouters;
export const createCallerFactory = t.createCallerFactory;

/** Anyone, signed in or not. */
export const publicProcedure = t.procedure;

const signedIn = (kinds: readonly Principal['kind'][], refusal: string) =>
  t.middleware(({ ctx, next }) => {
    const { principal } = ctx;
    if (!principal) throw new AppError('unauthenticated', 'You are not signed in. Sign in and try again.');
    if (!kinds.includes(principal.kind)) throw new AppError('forbidden', refusal);
    return next({ ctx: { ...ctx, principal } });
  });

/** A person, through a page, a personal access token or one of their devices: `ctx.principal` is set. */
export const authedProcedure = t.procedure.use(signedIn(['session', 'token', 'device'], 'A cloud worker may not do this.'));
/** A person at a page: for what hands out or takes away access. */
export const sessionProcedure = t.procedure.use(signedIn(['session'], 'Open the dashboard in a browser to do this.'));
/** A device's agent or a cloud worker. */
export const agentProcedure = t.procedure.use(signedIn(['device', 'worker'], 'Only a device that is signed in may do this.'));
/** A cloud worker with its service credential (AG6). */
export const workerProcedure = t.procedure.use(signedIn(['worker'], 'Only a cloud worker may do this.'));

/** SE3: counts a call by who makes it: the person, or the address where nobody is signed in. */
export const limited = (rule: RateRule) =>
  t.middleware(({ ctx, next }) => {
    ctx.resources.limiter.take(rule, ctx.principal?.userId ?? ctx.ip);
    return next();
  });
