import { randomBytes } from 'node:crypto';
import { type NextRequest, NextResponse } from 'next/server';
import { signInPath } from './data/safe-path.ts';

const SESSION_COOKIES = ['__Secure-next-auth.session-token', 'next-auth.session-token'];
/** Pages a signed-out person may see. */
const OPEN = /^\/(?:sign-in|pair|manifest\.webmanifest)(?:\/|$)/;

/** SE3: scripts run only with this response's nonce. CodeMirror and KaTeX write styles into the page, so those are allowed. */
function policy(nonce: string, dev: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    "media-src 'self' data: blob: https:",
    "font-src 'self' data:",
    // Browsers differ on whether 'self' covers WebSockets; the relay may have an address of its own.
    "connect-src 'self' ws: wss:",
    "frame-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The address as the browser knows it; behind a proxy, this process has another. */
function addressOf(request: NextRequest): string {
  const { headers, nextUrl } = request;
  const scheme = headers.get('x-forwarded-proto')?.split(',')[0]?.trim() === 'https' ? 'https' : nextUrl.protocol.replace(':', '');
  return `${scheme}://${headers.get('host') ?? nextUrl.host}`;
}

/** Every page: its policy, and the way back for those who are signed out (WB10). The cookie's row is checked where data is read. */
export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  const signedIn = SESSION_COOKIES.some((name) => request.cookies.has(name));
  if (!signedIn && !OPEN.test(pathname)) {
    return NextResponse.redirect(new URL(signInPath(pathname + search), addressOf(request)), {
      status: 307,
      headers: { 'cache-control': 'no-store' },
    });
  }
  const nonce = randomBytes(16).toString('base64');
  const csp = policy(nonce, process.env.NODE_ENV === 'development');
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', csp);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', csp);
  response.headers.set('cache-control', 'private, no-store');
  return response;
}

export const config = { matcher: ['/((?!_next/static|_next/image|favicon.ico|icons/|screenshots/|api/).*)'] };
