import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * WB7: what output frames may do. The page has an opaque origin (`sandbox`), reaches no network, and shows what its parent gives it.
 * A frame with `srcdoc` would inherit the page's own policy, under which no script of an output runs.
 */
const POLICY = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  "frame-ancestors 'self'",
].join('; ');

const PAGE = `<!doctype html><meta charset="utf-8"><title>Output</title><script>
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data?.markcoHtml !== 'string') return;
  document.open(); document.write(event.data.markcoHtml); document.close();
}, { once: true });
parent.postMessage({ markcoFrame: 'ready' }, '*');
</script>`;

/** Serves `/output-frame`; answers true when the request was for it. */
export function handleOutputFrame(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method !== 'GET' || req.url !== '/output-frame') return false;
  res.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'public, max-age=3600',
  });
  res.end(PAGE);
  return true;
}
