import type { IncomingMessage } from 'node:http';
import { AppError } from '@markco/core/errors';

/**
 * The JSON body of a request, at most `maxBytes`. Only `application/json` is taken, which a form on another site cannot send.
 * Rejects with `bad_request` or `too_large`.
 */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new AppError('bad_request', 'Send JSON (Content-Type: application/json).');
  const tooLarge = () => new AppError('too_large', `The request is larger than ${maxBytes} bytes.`, { details: { limit: maxBytes } });
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new AppError('bad_request', 'The request could not be read: it is not valid JSON.');
  }
}
