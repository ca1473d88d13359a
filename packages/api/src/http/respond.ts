import type { ServerResponse } from 'node:http';
import type { ApiContext } from '../context.ts';
import { toPublicError } from '../public-error.ts';

/** Answers with JSON that nobody may keep or take for something else. Dates become ISO strings. */
export function sendJson(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': bytes.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    })
    .end(bytes);
}

/** SE5: a failure as `{error: {code, message, details, requestId}}`; what nobody expected is logged whole and shown not at all. */
export function sendError(res: ServerResponse, thrown: unknown, ctx: Pick<ApiContext, 'log' | 'requestId'>): void {
  const { code, message, details, http, unexpected } = toPublicError(thrown);
  if (unexpected) ctx.log.error({ err: thrown, reason: 'unexpected' }, 'a request failed');
  if (res.headersSent) return void res.destroy();
  const retryAfter = details?.retryAfterS;
  sendJson(
    res,
    http,
    { error: { code, message, ...(details && { details }), requestId: ctx.requestId } },
    {
      'x-request-id': ctx.requestId,
      ...(typeof retryAfter === 'number' && { 'retry-after': String(retryAfter) }),
    },
  );
}

/** A page of words alone, for what a person opens by hand. */
export function sendPage(res: ServerResponse, status: number, title: string, text: string): void {
  const encode = (raw: string) => raw.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${encode(title)}</title><body><h1>${encode(title)}</h1><p>${encode(text)}</p></body></html>`;
  res
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .end(body);
}
