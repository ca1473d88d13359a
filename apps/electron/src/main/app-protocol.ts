import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { OUTPUT_FRAME_PAGE, OUTPUT_FRAME_PATH, OUTPUT_FRAME_POLICY } from '@markco/core/document/output-frame';
import { contentSecurityPolicy } from './window-options.ts';

export const SCHEME = 'markco';
/** The window's page. An address of our own instead of `file:`, so that headers hold and no file of the computer is same-origin. */
export const PAGE_URL = `${SCHEME}://app/index.html`;

/** What the scheme may do: it is a secure origin like https, and nothing more. */
export const SCHEME_PRIVILEGES = { standard: true, secure: true, supportFetchAPI: true } as const;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** EL5: answers the window's requests: our built files by name, and the frame for outputs (WB7). Nothing else exists. */
export async function answerAppRequest(request: { url: string; method: string }, folder: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== 'GET') return plain(405, 'Only GET.');
  if (pathname === OUTPUT_FRAME_PATH) return new Response(OUTPUT_FRAME_PAGE, { headers: headersOf('.html', OUTPUT_FRAME_POLICY) });
  const name = /^\/([\w-][\w.-]*)$/.exec(pathname)?.[1];
  const type = name && path.extname(name);
  if (!name || !type || !TYPES[type]) return plain(404, 'There is no such page.');
  try {
    const bytes = await readFile(path.join(folder, name));
    return new Response(new Uint8Array(bytes), { headers: headersOf(type, contentSecurityPolicy()) });
  } catch {
    return plain(404, 'There is no such page.');
  }
}

function headersOf(type: string, policy: string): Record<string, string> {
  return {
    'content-type': TYPES[type]!,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

const plain = (status: number, text: string): Response => new Response(text, { status, headers: { 'content-type': 'text/plain' } });
