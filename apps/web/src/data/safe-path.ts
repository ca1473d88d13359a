/** Any origin will do; it is compared with itself. */
const HERE = 'https://here.invalid';

/**
 * WB10: where to go after signing in: a path of this site, or `/`. Other sites, scripts, and what browsers would read as
 * another site (`//host`, `/\host`, control characters) become `/`.
 */
export function safePath(given: string | null | undefined): string {
  if (!given?.startsWith('/') || given.length > 2_000 || /[\u0000-\u001f\\]/.test(given)) return '/';
  if (!URL.canParse(given, HERE)) return '/';
  const url = new URL(given, HERE);
  if (url.origin !== HERE || url.pathname.startsWith('//')) return '/';
  // Signing in again right after signing in helps nobody.
  if (/^\/(?:sign-in|auth|api)(?:\/|$)/.test(url.pathname)) return '/';
  return url.pathname + url.search + url.hash;
}

/** The sign-in page that comes back to `path`. */
export const signInPath = (path: string): string => {
  const next = safePath(path);
  return next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`;
};
