import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@markco/core/errors';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { RATES } from '../rate-limiter.ts';
import { apiMetrics, CACHE_STATES, OPENINGS } from './api-metrics.ts';
import { readJson } from './read-body.ts';
import { sendJson } from './respond.ts';

const ms = z.number().min(0).max(600_000);
/** Strict: a page can add neither a name, nor a label, nor a word of a document. */
const opening = z.strictObject({ name: z.enum(OPENINGS), ms, cache: z.enum(CACHE_STATES) });
const plain = z.strictObject({ name: z.enum(['doc_sync_rtt_ms', 'runtime_file_reflect_ms']), ms, cache: z.undefined().optional() });
const measure = z.union([opening, plain]);
const body = z.union([measure, z.array(measure).min(1).max(50)]);

/** WB9: what a signed-in page measured, one value or up to 50; all of it is counted, or nothing where one part is nonsense. */
export async function recordBrowserMetrics(ctx: ApiContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (!ctx.principal) throw new AppError('unauthenticated', 'You are not signed in.');
  ctx.resources.limiter.take(RATES.browserMetrics, ctx.principal.userId);
  const measures = [body.parse(await readJson(req, 8_192))].flat();
  const metrics = apiMetrics(ctx.resources.metrics);
  for (const { name, ms, cache } of measures) metrics.measured(name, ms, cache);
  sendJson(res, 200, { ok: true });
}
