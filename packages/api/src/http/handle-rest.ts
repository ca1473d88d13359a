import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@markco/core/errors';
import { createCaller } from '../app-router.ts';
import type { ApiContext } from '../context.ts';
import { readJson } from './read-body.ts';
import { sendJson } from './respond.ts';
import { matchRoute, REST_ROUTES, type RestRoute } from './rest-map.ts';

/** A document of 20 MB of text, in UTF-8 and JSON's escapes. */
const MAX_BODY = 64 * 1024 * 1024;

/** Answers what the REST map knows, through the same procedures that pages call. False where the address is not in it. */
export async function handleRest(ctx: ApiContext, req: IncomingMessage, res: ServerResponse, url: URL): Promise<boolean> {
  const found = matchRoute(req.method ?? 'GET', url.pathname);
  if (!found) return refuseMethod(res, url.pathname, req.method ?? '');
  const { route, params } = found;
  // Before the body is read: what nobody may send costs nothing.
  if (!ctx.principal)
    throw new AppError('unauthenticated', 'You are not signed in. Send a personal access token: Authorization: Bearer mk_…');
  const input = await inputOf(route, params, req, url);
  sendJson(res, 200, (await call(ctx, route.procedure, input)) ?? null, { 'x-request-id': ctx.requestId });
  return true;
}

async function inputOf(route: RestRoute, params: Record<string, string>, req: IncomingMessage, url: URL): Promise<unknown> {
  const named = Object.fromEntries(Object.entries(params).map(([name, value]) => [route.rename?.[name] ?? name, value]));
  const body = route.body ? await readJson(req, MAX_BODY) : {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('bad_request', 'The body must be a JSON object.');
  const query = route.query ? (route.query.parse(Object.fromEntries(url.searchParams)) as object) : {};
  const input = { ...query, ...body, ...named };
  return Object.keys(input).length > 0 ? input : undefined;
}

async function call(ctx: ApiContext, procedure: string, input: unknown): Promise<unknown> {
  let target: unknown = createCaller(ctx);
  for (const part of procedure.split('.')) target = (target as Record<string, unknown>)[part];
  return (target as (input: unknown) => Promise<unknown>)(input);
}

function refuseMethod(res: ServerResponse, path: string, method: string): boolean {
  const allowed = REST_ROUTES.filter((route) => matchRoute(route.method, path)?.route === route).map((route) => route.method);
  if (allowed.length === 0) return false;
  const error = { code: 'bad_request', message: `This address does not take ${method}; it takes ${allowed.join(', ')}.` };
  sendJson(res, 405, { error }, { allow: allowed.join(', ') });
  return true;
}
