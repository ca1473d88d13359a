import { createLive } from '@markco/editor/live';
import { describe, expect, it, vi } from 'vitest';
import { DocumentCache } from './document-cache.ts';
import type { AttachedDocument } from './open-document.ts';

function fakeDocument(id: string, unsaved = 0) {
  const replacedBy = createLive<AttachedDocument | null>(null);
  const document = {
    ...{ id, replacedBy, close: vi.fn(), ready: createLive(false), from: () => 'warm' },
    save: { get: () => ({ unsaved }), subscribe: () => () => undefined },
  };
  return document as unknown as AttachedDocument & { close: ReturnType<typeof vi.fn>; replacedBy: typeof replacedBy };
}

function setup(unsaved: Record<string, number> = {}) {
  const made = new Map<string, ReturnType<typeof fakeDocument>>();
  const cache = new DocumentCache((id) => {
    const document = fakeDocument(id, unsaved[id]);
    made.set(id, document);
    return document;
  });
  const visit = (id: string) => cache.acquire(id).release();
  return { cache, made, visit };
}

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

describe('DocumentCache (WB3: the last five documents stay attached)', () => {
  it('closes the one that was used longest ago', () => {
    const { made, visit } = setup();
    ids.forEach(visit);
    expect(ids.filter((id) => made.get(id)!.close.mock.calls.length > 0)).toEqual(['a', 'b']);
  });

  it('keeps what is shown, and what the relay has not confirmed', () => {
    const { cache, made, visit } = setup({ b: 3 });
    cache.acquire('a');
    ids.slice(1).forEach(visit);
    expect(made.get('a')!.close).not.toHaveBeenCalled();
    expect(made.get('b')!.close).not.toHaveBeenCalled();
  });

  it('WB9: what was attached before is hot, else it says where the text came from', () => {
    const { cache, made } = setup();
    expect(cache.acquire('a').from()).toBe('warm');
    (made.get('a')!.ready as ReturnType<typeof createLive<boolean>>).set(true);
    expect(cache.acquire('a').from()).toBe('hot');
  });

  it('holds the new history for who held the old one (SY7)', () => {
    const { cache, made, visit } = setup();
    const held = cache.acquire('a');
    const newer = fakeDocument('a');
    made.get('a')!.replacedBy.set(newer);
    const next = held.replacedBy.get()!;
    held.release();
    ids.slice(1).forEach(visit);
    expect(newer.close).not.toHaveBeenCalled();
    expect(held.replacedBy.get()).toBe(next);
    next.release();
    visit('h');
    expect(newer.close).toHaveBeenCalled();
  });
});
