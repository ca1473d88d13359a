import { describe, expect, it } from 'vitest';
import { Liveness } from './liveness.ts';

const TIMES = { silenceMs: 20_000, answerMs: 10_000, confirmMs: 3_000 };
/** Looks every second and tells when it asked and when it gave up, in ms. */
function watch(life: Liveness, until: number, waiting = false, every = 1_000) {
  const seen = { asked: -1, dead: -1 };
  for (let now = 0; now <= until && seen.dead < 0; now += every) {
    const verdict = life.look(now, waiting);
    if (verdict === 'ask') seen.asked = now;
    if (verdict === 'dead') seen.dead = now;
  }
  return seen;
}

describe('Liveness', () => {
  it('SY5: a half-open socket is noticed within 32 s, and within 15 s while edits are under way', () => {
    expect(watch(new Liveness(TIMES, 0), 60_000).dead).toBeLessThanOrEqual(32_000);
    expect(watch(new Liveness(TIMES, 0), 60_000, true).dead).toBeLessThanOrEqual(15_000);
  });

  it('a page that the browser wakes once a minute keeps a socket that answers', () => {
    const life = new Liveness(TIMES, 0);
    for (let now = 60_000; now < 3_600_000; now += 60_000) {
      expect(life.look(now, false)).toBe('ask');
      life.heard(now + 30);
    }
  });

  it('after a sleep of hours it asks first', () => {
    const life = new Liveness(TIMES, 0);
    expect(life.look(7_200_000, false)).toBe('ask');
    expect(life.look(7_205_000, false)).toBe('fine');
    expect(life.look(7_211_000, false)).toBe('dead');
  });

  it('a large edit on a slow line gets the time it needs', () => {
    const life = new Liveness(TIMES, 0);
    life.sent(1_000_000);
    expect(watch(life, 60_000, true).dead).toBe(-1);
    life.heard(60_000);
    expect(life.look(62_000, true)).toBe('fine');
  });

  it('a probe that is not answered ends it, one that is does not', () => {
    const life = new Liveness(TIMES, 0);
    life.probe(1_000);
    life.heard(1_050);
    expect(life.look(12_000, false)).toBe('fine');
    life.probe(12_000);
    expect(life.look(22_001, false)).toBe('dead');
  });
});
