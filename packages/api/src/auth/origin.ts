/** What of a request's headers says where it comes from. */
export interface OriginHeaders {
  origin?: string | undefined;
  host?: string | undefined;
}

/**
 * SE2, SE3: whether a request that carries a cookie comes from one of our own pages. Browsers send `Origin` with every
 * WebSocket and every request that changes something, so a missing one is refused.
 */
export function isOwnOrigin(headers: OriginHeaders, publicUrl: string): boolean {
  if (!headers.origin) return false;
  if (headers.origin === new URL(publicUrl).origin) return true;
  try {
    // The page and the request have the same host, whatever name the person used to get here.
    return new URL(headers.origin).host === headers.host;
  } catch {
    return false;
  }
}

/** True for the names under which only this computer itself can be meant; keeps DNS rebinding out of the local user's account. */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '127.0.0.1' || name === '[::1]';
}

/** True for the address of a peer on this very computer. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1';
