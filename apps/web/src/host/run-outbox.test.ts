import type { CreateRunInput } from '@markco/core/run/run';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ASK_AGAIN_AFTER_MS, RunOutbox } from './run-outbox.ts';

const kept = new Map<string, unknown>();
let storage = true;
vi.mock('./local-db.ts', () => ({
  write: async (_store: string, key: string, value: unknown) => {
    if (storage) kept.set(key, structuredClone(value));
    return storage;
  },
  remove: async (_store: string, key: string) => void kept.delete(key),
  all: async () => [...kept.values()],
}));

const run = (runId: string): CreateRunInput => ({
  ...{ runId, projectId: 'p', documentId: 'd', epoch: 'e', language: 'python', code: '1', codeHash: '0'.repeat(64) },
});
const offline = () => Promise.reject(new TypeError('Failed to fetch'));

describe('RunOutbox (RU2, WB4)', () => {
  let now = 0;
  beforeEach(() => {
    kept.clear();
    storage = true;
    now = 0;
  });

  it('RU2: keeps a run before it sends it, and forgets it when the server has it', async () => {
    const atSend: number[] = [];
    const outbox = new RunOutbox(async () => void atSend.push(kept.size));
    expect(await outbox.submit([run('1')])).toBe('sent');
    expect(atSend).toEqual([1]);
    expect(kept.size).toBe(0);
  });

  it('WB4: without a network it waits, and goes with the next flush under the same ids', async () => {
    const send = vi.fn<(runs: readonly CreateRunInput[]) => Promise<void>>().mockImplementationOnce(offline).mockResolvedValue();
    const outbox = new RunOutbox(send, () => now);
    expect(await outbox.submit([run('1'), run('2')])).toBe('kept');
    expect((await outbox.flush()).sent).toHaveLength(1);
    expect(send.mock.calls[1]![0].map(({ runId }) => runId)).toEqual(['1', '2']);
    expect(kept.size).toBe(0);
  });

  it('WB4: asks again for what waited more than five minutes', async () => {
    const send = vi.fn().mockImplementationOnce(offline).mockResolvedValue(undefined);
    const outbox = new RunOutbox(send, () => now);
    await outbox.submit([run('1')]);
    now = ASK_AGAIN_AFTER_MS + 1;
    const { stale } = await outbox.flush();
    expect(stale).toHaveLength(1);
    expect(send).toHaveBeenCalledTimes(1);
    await outbox.decide('1', 'run');
    expect(send).toHaveBeenCalledTimes(2);
    expect(kept.size).toBe(0);
  });

  it('forgets what the server refuses, and says why', async () => {
    const refusal = Object.assign(new Error('Too many runs'), { data: { httpStatus: 429 } });
    const outbox = new RunOutbox(() => Promise.reject(refusal));
    await expect(outbox.submit([run('1')])).rejects.toBe(refusal);
    expect(kept.size).toBe(0);
  });

  it('does not claim to have kept a run where the browser keeps nothing', async () => {
    storage = false;
    await expect(new RunOutbox(offline).submit([run('1')])).rejects.toThrow('Failed to fetch');
  });
});
