/** A duration in ms as "0.3 s", "42 s", "3 min 5 s" or "2 h 10 min": what still goes on. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long something took, in ms: as {@link formatElapsed}, and below a tenth of a second in whole milliseconds. */
export const formatDuration = (ms: number): string => (ms < 100 ? `${Math.max(0, Math.round(ms))} ms` : formatElapsed(ms));
