import pg from 'pg';
import type { SimClock } from './sim-clock.ts';
import { begin } from './sim-idle.ts';

type Method = (...args: unknown[]) => unknown;
type Prototype = Record<'query' | 'connect' | '_release', Method>;

/** What a dead process still may say, so that Postgres gives its locks back as it does when a connection breaks. */
const LAST_WORDS = /^\s*ROLLBACK/i;

/**
 * Makes the time of the world wait for Postgres, and cuts off who is dead: its open transactions are rolled back, its questions never
 * reach the database. The driver itself lives outside of the simulated time. Returns the function that undoes it.
 */
export function watchDatabase(clock: SimClock): () => void {
  const pool = pg.Pool.prototype as unknown as Prototype;
  const client = pg.Client.prototype as unknown as Prototype;
  const undo = [wrap(clock, pool, 'connect'), wrap(clock, pool, 'query'), wrap(clock, client, 'query'), outside(clock, pool, '_release')];
  return () => {
    for (const back of undo) back();
  };
}

function wrap(clock: SimClock, target: Prototype, name: 'query' | 'connect'): () => void {
  const real = target[name];
  target[name] = function (this: unknown, ...args: unknown[]) {
    const last = args.at(-1);
    const callback = typeof last === 'function' ? (last as Method) : null;
    if (clock.current?.dead && !(name === 'query' && LAST_WORDS.test(textOf(args[0])))) {
      const error = new Error('This process is dead.');
      if (!callback) return Promise.reject(error);
      process.nextTick(callback, error);
      return undefined;
    }
    const end = begin();
    if (callback) {
      args[args.length - 1] = (...given: unknown[]) => {
        end();
        return callback(...given);
      };
    }
    const result = clock.as(null, () => real.apply(this, args));
    if (!callback) Promise.resolve(result).then(end, end);
    return result;
  };
  return () => {
    target[name] = real;
  };
}

function outside(clock: SimClock, target: Prototype, name: '_release'): () => void {
  const real = target[name];
  target[name] = function (this: unknown, ...args: unknown[]) {
    return clock.as(null, () => real.apply(this, args));
  };
  return () => {
    target[name] = real;
  };
}

const textOf = (query: unknown): string => (typeof query === 'string' ? query : ((query as { text?: string } | null)?.text ?? ''));
