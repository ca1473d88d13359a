import {
  cancelRunInput,
  createBatchInput,
  introspectInput,
  listRunsInput,
  runInputInput,
  runRef,
  sessionOpInput,
  waitingRunsInput,
  watchRunInput,
} from '@markco/core/contract/runs';
import { createRunInput } from '@markco/core/run/run';
import { tracked } from '@trpc/server';
import { z } from 'zod';
import { RATES } from '../../rate-limiter.ts';
import { abridge } from '../../run-engine/abridge.ts';
import { answerInput } from '../../run-engine/answer-input.ts';
import { cancelRun } from '../../run-engine/cancel-run.ts';
import { createBatch } from '../../run-engine/create-batch.ts';
import { createRun } from '../../run-engine/create-run.ts';
import { decideWaiting } from '../../run-engine/decide-waiting.ts';
import { introspect } from '../../run-engine/introspect.ts';
import { listRuns } from '../../run-engine/list-runs.ts';
import { sessionOp } from '../../run-engine/session-op.ts';
import { watchRun } from '../../run-engine/watch-run.ts';
import { authedProcedure, limited, router } from '../../trpc.ts';
import { getRun } from './get-run.ts';
import { runEvents } from './run-events.ts';

const neverAborted = new AbortController().signal;
const eventsInput = watchRunInput.extend({ limit: z.number().int().min(1).max(2000).default(500) });
/** tRPC hands a reconnecting client's last tracked id back in `lastEventId`: the seq it has (RU17). */
const watchInput = watchRunInput.extend({ lastEventId: z.string().max(20).nullish() });

/** Runs: start, follow, stop, answer (RU1–RU18). */
export const runsRouter = router({
  create: authedProcedure
    .use(limited(RATES.runs))
    .input(createRunInput)
    .mutation(({ ctx, input }) => {
      // OP3: from here on the run's id stands for the request's.
      ctx.log.info({ run_id: input.runId, project_id: input.projectId }, 'run requested');
      return createRun(ctx.resources, ctx.principal, input);
    }),
  createBatch: authedProcedure
    .use(limited(RATES.runs))
    .input(createBatchInput)
    .mutation(({ ctx, input }) => createBatch(ctx.resources, ctx.principal, input.batchId, input.runs)),
  get: authedProcedure.input(runRef).query(({ ctx, input }) => getRun(ctx.resources, ctx.principal, input.runId)),
  list: authedProcedure.input(listRunsInput).query(({ ctx, input }) => listRuns(ctx.resources, ctx.principal, input)),
  events: authedProcedure.input(eventsInput).query(({ ctx, input }) => runEvents(ctx.resources, ctx.principal, input)),
  cancel: authedProcedure.input(cancelRunInput).mutation(async ({ ctx, input }) => {
    await cancelRun(ctx.resources, ctx.principal, input.runId, input.force);
    return getRun(ctx.resources, ctx.principal, input.runId);
  }),
  input: authedProcedure.input(runInputInput).mutation(({ ctx, input }) => answerInput(ctx.resources, ctx.principal, input)),
  decideWaiting: authedProcedure
    .input(waitingRunsInput)
    .mutation(({ ctx, input }) => decideWaiting(ctx.resources, ctx.principal, input.runIds, input.decision)),
  introspect: authedProcedure.input(introspectInput).query(({ ctx, input }) => introspect(ctx.resources, ctx.principal, input)),
  sessionOp: authedProcedure.input(sessionOpInput).mutation(({ ctx, input }) => sessionOp(ctx.resources, ctx.principal, input)),
  watch: authedProcedure.input(watchInput).subscription(async function* ({ ctx, input, signal = neverAborted }) {
    const resumed = Number.parseInt(input.lastEventId ?? '', 10);
    let last = Number.isInteger(resumed) ? Math.max(resumed, input.after) : input.after;
    const all = watchRun(ctx.resources, ctx.principal, input.runId, last, signal);
    for await (const item of input.abridged ? abridge(all) : all) {
      if (item.type === 'event') last = item.event.seq;
      yield tracked(String(last), item);
      await ctx.drained?.(signal);
    }
  }),
});
