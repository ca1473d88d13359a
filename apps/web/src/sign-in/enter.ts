/** Enters as the person at this computer and goes to `next`. Rejects with words for the person. */
export async function enterLocally(next: string): Promise<void> {
  const answer = await fetch('/auth/local', { method: 'POST' });
  if (!answer.ok) {
    const body = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
    throw new Error(body?.error?.message ?? 'The server did not answer as expected. Try again.');
  }
  window.location.assign(next);
}

/**
 * Starts one of next-auth's ways in: its CSRF token first, then the provider. Rejects with words for the person.
 * @param provider `email`, `github` or `google`
 */
export async function enterWith(provider: string, next: string, extra: Record<string, string> = {}): Promise<void> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string };
  const answer = await fetch(`/api/auth/signin/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ csrfToken, callbackUrl: new URL(next, window.location.origin).href, json: 'true', ...extra }),
  });
  const { url } = (await answer.json().catch(() => ({}))) as { url?: string };
  if (!url) throw new Error('Signing in did not work. Try again in a moment.');
  window.location.assign(url);
}
