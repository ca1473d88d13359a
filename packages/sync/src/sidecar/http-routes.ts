import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';

/** What the relay's own HTTP answers need. */
export interface HttpRoutesOptions {
  readonly registry: Registry;
  /** OP4: what is to be known of a process that is ready. Rejects, with what is wrong, where it should get no traffic. */
  readonly ready: () => Promise<object>;
}

/** `/healthz`, `/readyz` and `/metrics`; everything else is 404. */
export function httpRoutes({ registry, ready }: HttpRoutesOptions): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(response, 405, { error: 'Only GET is answered here.' });
    if (path === '/healthz') return json(response, 200, { ok: true });
    if (path === '/readyz') {
      ready().then(
        (detail) => json(response, 200, { ok: true, ...detail }),
        (error: unknown) => json(response, 503, { ok: false, error: error instanceof Error ? error.message : 'not ready' }),
      );
      return;
    }
    if (path === '/metrics') {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => json(response, 500, { error: 'The metrics could not be collected.' }),
      );
      return;
    }
    return json(response, 404, { error: 'Nothing is here. Documents are WebSockets at /sync/<user>/<project>/<document>.' });
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
