/** AG2: calls `beat` every `everyMs` until stopped; a beat that fails is reported once to `onLost`, and no more follow. */
export function startHeartbeat(everyMs: number, beat: () => Promise<unknown>, onLost: (error: unknown) => void): () => void {
  let stopped = false;
  let running = false;
  const stop = () => {
    stopped = true;
    clearInterval(timer);
  };
  const timer = setInterval(async () => {
    if (running) return;
    running = true;
    try {
      await beat();
    } catch (error) {
      if (stopped) return;
      stop();
      onLost(error);
    } finally {
      running = false;
    }
  }, everyMs);
  return stop;
}
