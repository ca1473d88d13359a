/**
 * RFC 6749, 4.1.2.1: where the browser goes when the person refused. Only an address on this very computer (RFC 8252, 7.3), so that
 * this page sends nobody anywhere else; null for others.
 */
export function refusalUri(redirectUri: string, state: string): string | null {
  const uri = URL.canParse(redirectUri) ? new URL(redirectUri) : null;
  const onLoopback = uri?.protocol === 'http:' && (uri.hostname === '127.0.0.1' || uri.hostname === '[::1]');
  if (!uri || !onLoopback || !uri.port || uri.username || uri.password) return null;
  uri.searchParams.set('error', 'access_denied');
  uri.searchParams.set('state', state);
  return uri.href;
}
