type OpenExternal = (url: string) => Promise<void>;

/** EL5: links leave the app only as https; everything else (file:, javascript:, custom schemes) stays closed. */
export async function openLink(url: string, openExternal: OpenExternal): Promise<boolean> {
  const parsed = parse(url);
  if (parsed?.protocol !== 'https:') return false;
  await openExternal(parsed.href);
  return true;
}

/** True where signing in is safe from being read on the way: https, or a server on this very computer. */
export function isSafeServer(url: string): boolean {
  const parsed = parse(url);
  if (parsed?.protocol === 'https:') return true;
  return parsed?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
}

/** EL1: the sign-in page, in the person's own browser. It must lie on the server they named. */
export async function openSignInPage(url: string, server: string, openExternal: OpenExternal): Promise<boolean> {
  if (!isSafeServer(url) || parse(url)?.origin !== parse(server)?.origin) return false;
  await openExternal(url);
  return true;
}

function parse(url: string): URL | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  return parsed.username === '' && parsed.password === '' ? parsed : null;
}
