// @vitest-environment happy-dom

import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Late } from './late.tsx';

let root: Root | null = null;
beforeAll(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});
afterEach(async () => {
  await act(async () => root?.unmount());
  document.body.replaceChildren();
});

it('WB9: what comes late says so where it cannot be had, and is asked for again the next time, once', async () => {
  const load = vi
    .fn<() => Promise<() => string>>()
    .mockRejectedValueOnce(new Error('offline'))
    .mockResolvedValue(() => 'Here');
  const draw = async (key: string) => act(async () => root!.render(<Late key={key} load={load} />));
  root = createRoot(document.body.appendChild(document.createElement('div')));
  await draw('first');
  expect(document.body.textContent).toContain('Try again when you are connected');
  await draw('second');
  expect(document.body.textContent).toBe('Here');
  await draw('third');
  expect(document.body.textContent).toBe('Here');
  expect(load).toHaveBeenCalledTimes(2);
});
