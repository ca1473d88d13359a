import { redisServer, startRedis, type TestRedis } from '@markco/testing/redis';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisLink } from './redis-link.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe.skipIf(!redisServer)('RedisLink (SY18)', () => {
  let redis: TestRedis;
  const open: RedisLink[] = [];
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const link of open.splice(0)) await link.close();
    await redis.stop();
  });

  function link(silentMs = 60_000) {
    const made = new RedisLink(redis.url, { pingMs: 20, silentMs, retryMaxMs: 50, subscribeMs: 60_000 });
    open.push(made);
    const heard: [string, number[]][] = [];
    const states: string[] = [];
    made.onMessage((channel, message) => heard.push([channel, [...message]]));
    made.onUp(() => states.push('up'));
    made.onDown(() => states.push('down'));
    return { link: made, heard, states };
  }

  it('carries any bytes by channel, in order, to everyone who subscribed, the sender too', async () => {
    const [a, b] = [link(), link()];
    await until(() => a.link.up && b.link.up);
    await a.link.subscribe('one');
    await b.link.subscribe('one');
    await b.link.subscribe('two');
    b.link.unsubscribe('two');
    await a.link.publish('two', bytes(9));
    for (let i = 0; i < 50; i++) await a.link.publish('one', bytes(i, 0, 255, 128));
    await until(() => a.heard.length === 50 && b.heard.length === 50);
    expect(b.heard).toEqual(Array.from({ length: 50 }, (_, i) => ['one', [i, 0, 255, 128]]));
  });

  it('says that it is down when Redis is killed, and stands again with all channels when it is back', async () => {
    const { link: one, heard, states } = link();
    await one.subscribe('early');
    await until(() => one.up);
    await one.subscribe('late');
    await redis.kill();
    await until(() => !one.up);
    await expect(one.publish('late', bytes(1))).rejects.toThrow();
    await one.subscribe('meanwhile');
    await redis.start();
    await until(() => one.up);
    for (const channel of ['early', 'late', 'meanwhile']) await one.publish(channel, bytes(2));
    await until(() => heard.length === 3);
    expect(states).toEqual(['up', 'down', 'up']);
  });

  it('notices a Redis that is there and answers nobody', async () => {
    const { link: one, states } = link(1_000);
    await until(() => one.up);
    redis.pause();
    await until(() => !one.up);
    await one.subscribe('while it hangs');
    redis.resume();
    await until(() => one.up);
    // A machine that stands still for a second is no Redis that answers either: there may be more of them, always in turn.
    expect(states.slice(-3)).toEqual(['up', 'down', 'up']);
    expect(states).toEqual(states.map((_, i) => (i % 2 === 0 ? 'up' : 'down')));
  });

  it('is down from the start where there is nobody, and does not give up', async () => {
    await redis.kill();
    const { link: one, heard } = link();
    await one.subscribe('waiting');
    await expect(one.publish('waiting', bytes(1))).rejects.toThrow();
    await redis.start();
    await until(() => one.up);
    await one.publish('waiting', bytes(2));
    await until(() => heard.length === 1);
  });

  it('refuses what Redis cannot take fast enough', async () => {
    const { link: one } = link();
    await until(() => one.up);
    const small = new RedisLink(redis.url, { maxPendingBytes: 10 });
    open.push(small);
    await until(() => small.up);
    await expect(small.publish('one', new Uint8Array(11))).rejects.toThrow('fast enough');
  });
});
