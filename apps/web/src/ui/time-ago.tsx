'use client';

import { useEffect, useState } from 'react';

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [7, 'day'],
  [4.35, 'week'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
];

/** "3 minutes ago" for a moment in the past. */
export function timeAgo(at: Date, now = Date.now()): string {
  let value = (at.getTime() - now) / 1000;
  if (Math.abs(value) < 10) return 'just now';
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) < size) return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(value), unit);
    value /= size;
  }
  return at.toLocaleDateString();
}

/** A moment, told relative to now and kept true; the exact time on hover. */
export function TimeAgo({ at }: { at: Date | string }) {
  const date = new Date(at);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()} suppressHydrationWarning>
      {timeAgo(date)}
    </time>
  );
}
