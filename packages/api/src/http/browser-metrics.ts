import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@markco/core/errors';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { RATES } from '../rate-limiter.ts';
import { apiMetrics, BROWSER_MEASURES } from './api-metrics.ts';
import { readJson } from './read-body.ts';
import { sendJson } from './respond.ts';

const measure = z.object({ name: z.enum(BROWSER_MEASURES), ms: z.number().min(0).max(600_000) });
const body = z.union([measure, z.array(measure).min(1).max(50)]);

/** WB9: what a signed-in page measured, one value or a few. */
export async function recordBrowserMetrics(ctx: ApiContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (!ctx.principal) throw new AppError('unauthenticated', 'You are not signed in.');
  ctx.resources.limiter.take(RATES.browserMetrics, ctx.principal.userId);
  const measures = [body.parse(await readJson(req, 8_192))].flat();
  for (const { name, ms } of measures) apiMetrics(ctx.resources.metrics).measured(name, ms);
  sendJson(res, 200, { ok: true });
}
