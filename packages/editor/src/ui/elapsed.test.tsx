// @vitest-environment happy-dom

import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Elapsed } from './elapsed.tsx';

let root: Root;
beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  vi.useFakeTimers({ now: 1_000_000 });
  root = createRoot(document.body.appendChild(document.createElement('div')));
});
afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
  vi.useRealTimers();
});

it('WB6: the time of a run is as exact as it is written: tenths at first, then seconds', async () => {
  await act(async () => root.render(<Elapsed since={new Date(1_000_000)} />));
  // Each step is drawn before the next one waits.
  const after = async (steps: number, ms: number) => {
    for (let i = 0; i < steps; i++) await act(async () => vi.advanceTimersByTime(ms));
    return document.body.textContent;
  };
  expect(await after(1, 100)).toBe('0.1 s');
  expect(await after(12, 100)).toBe('1.3 s');
  expect(await after(87, 100)).toBe('10 s');
  expect(await after(1, 1000)).toBe('11 s');
  expect(vi.getTimerCount()).toBe(1);
});
