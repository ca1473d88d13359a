import type { IncomingMessage, ServerResponse } from 'node:http';
import { OUTPUT_FRAME_PAGE, OUTPUT_FRAME_PATH, OUTPUT_FRAME_POLICY } from '@markco/core/document/output-frame';

/** WB7: serves the page of output frames; answers true when the request was for it. */
export function handleOutputFrame(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method !== 'GET' || req.url !== OUTPUT_FRAME_PATH) return false;
  res.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': OUTPUT_FRAME_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'public, max-age=3600',
  });
  res.end(OUTPUT_FRAME_PAGE);
  return true;
}
