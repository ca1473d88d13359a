import { useEffect, useState, useSyncExternalStore } from 'react';

/** Whether a media query matches now. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia?.(query);
      media?.addEventListener('change', listener);
      return () => media?.removeEventListener('change', listener);
    },
    () => window.matchMedia?.(query).matches ?? false,
    () => false,
  );
}

/** True for a finger rather than a mouse (WB5). */
export const useTouch = (): boolean => useMedia('(pointer: coarse)');
/** True from 1024 px: three columns. */
export const useWide = (): boolean => useMedia('(min-width: 1024px)');

/** The time in ms, told every second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export type Viewport = { height: number; top: number; keyboard: boolean };

/** WB5: the part of the page that the on-screen keyboard leaves, in CSS pixels; null where the browser does not say. */
export function useVisualViewport(): Viewport | null {
  const [viewport, setViewport] = useState<Viewport | null>(null);
  useEffect(() => {
    const visual = window.visualViewport;
    if (!visual) return;
    const read = (): void => {
      // A pinch zoom also shrinks it; that is no keyboard.
      if (visual.scale > 1.05) return;
      const height = Math.round(visual.height);
      setViewport({ height, top: Math.round(visual.offsetTop), keyboard: window.innerHeight - height > 120 });
    };
    read();
    visual.addEventListener('resize', read);
    visual.addEventListener('scroll', read);
    return () => {
      visual.removeEventListener('resize', read);
      visual.removeEventListener('scroll', read);
    };
  }, []);
  return viewport;
}
