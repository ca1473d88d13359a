import type { BusMessage } from '@markco/core/bus';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inTx } from './in-tx.ts';
import { createPostgresBus, publishInTx } from './postgres-bus.ts';

const userId = '0190a0a0-0000-7000-8000-000000000001';
let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database.drop());

describe('Postgres event bus (OP5)', () => {
  it('delivers to every process, the sender included, and chunks what exceeds a NOTIFY payload', async () => {
    const one = await createPostgresBus(database.url);
    const two = await createPostgresBus(database.url);
    const seen: BusMessage[] = [];
    for (const bus of [one, two]) bus.subscribe('device.answer', (message) => seen.push(message));
    const answer = 'ü'.repeat(40_000);
    await one.publish({ topic: 'device.answer', requestId: 'r', answer });
    await vi.waitFor(() => expect(seen).toHaveLength(2), 60_000);
    expect(seen.every((message) => message.topic === 'device.answer' && message.answer === answer)).toBe(true);
    await one.close();
    await two.close();
  });

  it('is heard after commit only, and not at all after a rollback', async () => {
    const bus = await createPostgresBus(database.url);
    const seen: string[] = [];
    bus.subscribe('devices.changed', (message) => seen.push(message.userId));
    const failing = inTx(database.db, async (tx) => {
      await publishInTx(tx, { topic: 'devices.changed', userId: '0190a0a0-0000-7000-8000-00000000dead' });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    await inTx(database.db, (tx) => publishInTx(tx, { topic: 'devices.changed', userId }));
    await vi.waitFor(() => expect(seen).toEqual([userId]), 60_000);
    await bus.close();
  });

  it('hands over what was published before it was closed', async () => {
    const bus = await createPostgresBus(database.url);
    const other = await createPostgresBus(database.url);
    const heard = vi.fn();
    other.subscribe('flags.changed', heard);
    const publishing = bus.publish({ topic: 'flags.changed' });
    await bus.close();
    await publishing;
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), 60_000);
    await other.close();
  });

  it('reconnects after its connection is killed and tells its readers', async () => {
    const bus = await createPostgresBus(database.url);
    const reconnected = vi.fn();
    const heard = vi.fn();
    bus.onReconnect(reconnected);
    bus.subscribe('flags.changed', heard);
    await database.db
      .$queryRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'markco-bus' AND datname = current_database()`;
    await vi.waitFor(() => expect(reconnected).toHaveBeenCalledTimes(1), 60_000);
    await bus.publish({ topic: 'flags.changed' });
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), 60_000);
    await bus.ping();
    await bus.close();
    await expect(bus.ping()).rejects.toThrow('not connected');
  });
});
