import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { byteaArray, int4Array, textArray, uuidArray } from './binary-array.ts';
import { LaneTimeout, StatementLane } from './statement-lane.ts';

let database: TestDatabase;
const lanes: StatementLane[] = [];
beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await Promise.all(lanes.splice(0).map((lane) => lane.close()));
});
afterAll(() => database.drop());

function open(answerWithinMs?: number): StatementLane {
  const lane = new StatementLane(database.db, answerWithinMs);
  lanes.push(lane);
  return lane;
}

const PID = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid' };
const pidOf = async (lane: StatementLane): Promise<number> => (await lane.run<{ pid: number }>(PID, []))[0]!.pid;

describe('a lane of prepared statements', () => {
  it('takes arrays in binary, whatever is in them, and none', async () => {
    const echo = {
      name: 'echo',
      text: 'SELECT $1::uuid[]::text[] AS ids, $2::bytea[] AS blobs, $3::text[] AS texts, $4::int[] AS numbers',
    };
    const lane = open();
    const ids = ['0190a0a0-0000-7000-8000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
    const blobs = [Uint8Array.of(0, 255, 10), new Uint8Array(0), new Uint8Array(70_000).fill(7)];
    const texts = ['', 'Grüße 🎉', 'NULL', '{"a",b}'];
    const numbers = [0, -1, 2_147_483_647];
    const values = [uuidArray(ids), byteaArray(blobs), textArray(texts), int4Array(numbers)];
    const expected = { ids, blobs: blobs.map((blob) => Buffer.from(blob)), texts, numbers };
    expect(await lane.run(echo, values)).toEqual([expected]);
    expect(await lane.run(echo, values)).toEqual([expected]);
    expect(await lane.run(echo, [uuidArray([]), byteaArray([]), textArray([]), int4Array([])])).toEqual([
      { ids: [], blobs: [], texts: [], numbers: [] },
    ]);
    expect(() => uuidArray(['no id'])).toThrow('no UUID');
  });

  it('runs one statement after the other, and a failed one does not harm the next', async () => {
    const lane = open();
    const divide = { name: 'divide', text: 'SELECT 6 / $1::int AS n' };
    const results = await Promise.allSettled([1, 0, 2].map((by) => lane.run<{ n: number }>(divide, [by])));
    expect(
      results.map((result) => (result.status === 'fulfilled' ? result.value[0]!.n : (result.reason as { code: string }).code)),
    ).toEqual([6, '22012', 3]);
  });

  it('connects again after its connection was ended', async () => {
    const lane = open();
    const first = await pidOf(lane);
    const waiting = lane.run({ name: 'sleep', text: 'SELECT pg_sleep(30)' }, []);
    const ended = expect(waiting).rejects.toThrow();
    const [other] = await database.db.$queryRaw<{ done: boolean }[]>`SELECT pg_terminate_backend(${first}::int) AS done`;
    expect(other?.done).toBe(true);
    await ended;
    expect(await pidOf(lane)).not.toBe(first);
  });

  it('SY6: gives a connection up that does not answer, and goes on with another', async () => {
    const lane = open(1_000);
    // A busy machine may need longer for these too.
    const first = await vi.waitFor(() => pidOf(lane), 60_000);
    await expect(lane.run({ name: 'sleep', text: 'SELECT pg_sleep(30)' }, [])).rejects.toBeInstanceOf(LaneTimeout);
    const again = open();
    expect(await pidOf(again)).not.toBe(first);
    expect(await vi.waitFor(() => lane.run({ name: 'one', text: 'SELECT 1 AS one' }, []), 60_000)).toEqual([{ one: 1 }]);
  });

  it('refuses statements after it was closed', async () => {
    const lane = open();
    await pidOf(lane);
    await lane.close();
    await expect(pidOf(lane)).rejects.toThrow('closed');
  });
});
