/** next-auth's names for the session cookie: behind TLS the prefixed one. */
export const SESSION_COOKIES = ['__Secure-next-auth.session-token', 'next-auth.session-token'] as const;

/** The cookies of a request; of two with one name the first counts, as browsers send the more specific first. */
export function readCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 1) continue;
    const name = part.slice(0, at).trim();
    if (!cookies.has(name)) cookies.set(name, decode(part.slice(at + 1).trim()));
  }
  return cookies;
}

/** A Set-Cookie value for a session. Not readable by scripts, not sent from other sites' forms. */
export function sessionCookie(token: string, expires: Date, secure: boolean): string {
  const name = secure ? SESSION_COOKIES[0] : SESSION_COOKIES[1];
  return `${name}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Lax; Expires=${expires.toUTCString()}${secure ? '; Secure' : ''}`;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
