import type { DocumentView } from '@markco/core/contract/projects';
import { describe, expect, it } from 'vitest';
import { type KeptConfig, ProjectConfigFollower } from './project-config.ts';

const named = (name: string): string => `\`\`\`yaml config\nsession:\n  python:\n    name: ${name}\n\`\`\`\n`;
const list = (contentHash: string, path = 'mrmd.md') => [{ id: 'm', path, contentHash, deletedAt: null } as DocumentView];
const nameOf = (follower: ProjectConfigFollower) => follower.live.get()?.session.python.name;

function start(texts: Record<string, string>, kept?: KeptConfig) {
  const place = { kept, reads: 0, online: true, text: '' };
  const follower = new ProjectConfigFollower({
    read: async () => {
      place.reads++;
      if (!place.online) throw new TypeError('Failed to fetch');
      return place.text;
    },
    kept: async () => place.kept,
    keep: (config) => {
      place.kept = config;
    },
    patienceMs: 60_000,
  });
  const see = (hash: string) => {
    place.text = texts[hash] ?? '';
    follower.see(list(hash));
    return follower.ready();
  };
  return { place, follower, see };
}

describe('what mrmd.md says', () => {
  it('RU3 is read once for each state of it, and kept', async () => {
    const { place, follower, see } = start({ h1: named('one'), h2: named('two') });
    await see('h1');
    await see('h1');
    expect([nameOf(follower), place.reads]).toEqual(['one', 1]);
    await see('h2');
    expect([nameOf(follower), place.reads, place.kept]).toEqual(['two', 2, { version: 'm h2', text: named('two') }]);
    follower.see(list('h3', 'other.md'));
    expect(follower.live.get()).toBeNull();
  });

  it('WB4 is what was kept where the server is away, and is asked for again with the next list', async () => {
    const { place, follower, see } = start({ h2: named('two') }, { version: 'm h1', text: named('one') });
    place.online = false;
    await see('h2');
    expect(nameOf(follower)).toBe('one');
    place.online = true;
    await see('h2');
    expect(nameOf(follower)).toBe('two');
  });

  it('RU3 a run waits for the first list, and for nothing where there is no mrmd.md', async () => {
    const { place, follower } = start({});
    let ready = false;
    const waited = follower.ready().then(() => {
      ready = true;
    });
    await Promise.resolve();
    expect(ready).toBe(false);
    follower.see([]);
    await waited;
    expect([follower.live.get(), place.reads]).toEqual([null, 0]);
  });

  it('RU2 a run does not wait for a server that is silent', async () => {
    const follower = new ProjectConfigFollower({
      read: () => new Promise(() => {}),
      kept: async () => undefined,
      keep: () => {},
      patienceMs: 1,
    });
    follower.see(list('h1'));
    await follower.ready();
    expect(follower.live.get()).toBeNull();
  });
});
