/** Resolves when `url` answers 200; rejects after `withinMs` with the last thing it said. */
export async function waitReady(url: string, withinMs: number, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + withinMs;
  let last = 'no answer';
  while (Date.now() < deadline) {
    if (stop.aborted) throw new Error('stopped');
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (answer.ok) return;
      last = `${answer.status} ${(await answer.text()).slice(0, 300)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} is not ready after ${withinMs / 1000} s: ${last}`);
}
