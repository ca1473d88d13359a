import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@markco/core/errors';
import { silentLog } from '@markco/sync/log';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../test-support/wait-until.ts';
import type { BridgeApi } from './bridge-api.ts';
import { OutsidePoints } from './outside-points.ts';

let root: string;
let points: OutsidePoints;
let online: boolean;
/** What the server was told, document by document. */
let kept: { documentId: string; text: string }[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'markco-points-'));
  online = true;
  kept = [];
  const api = {
    keepVersions: async (items: typeof kept) => {
      if (!online) throw new AppError('unavailable', 'The server can not be reached.');
      if (items.some(({ documentId }) => documentId === 'server-gone')) throw new AppError('not_found', 'The document was not found.');
      kept.push(...items);
    },
  } as unknown as BridgeApi;
  const serverIdOf = (id: string) => (id === 'here-only' ? null : `server-${id}`);
  points = new OutsidePoints({ root, api: () => api, serverIdOf, log: silentLog, quietMs: 5 });
});
afterEach(async () => {
  await points.stop();
  rmSync(root, { recursive: true, force: true });
});
const saw = (...ids: string[]) => {
  for (const id of ids) points.saw(id, `${id} before`);
};

it('FB5: somebody who saves a file or two makes no version', async () => {
  saw('a', 'b');
  await delay(60);
  saw('c', 'd', 'e', 'f', 'g');
  await waitUntil(() => kept.length === 5);
  expect(kept.map(({ documentId }) => documentId)).toEqual(['server-c', 'server-d', 'server-e', 'server-f', 'server-g']);
});

it('FB5: of a change in several steps, what was before the first counts', async () => {
  saw('a', 'b', 'c', 'd', 'e');
  points.saw('a', 'half way');
  await waitUntil(() => kept.length === 5);
  expect(kept[0]).toEqual({ documentId: 'server-a', text: 'a before' });
});

it('FB5: a document that is gone there, or only here, keeps nobody else’s back', async () => {
  saw('a', 'gone', 'b', 'here-only', 'c');
  points.saw('empty', '');
  await waitUntil(() => kept.length === 3);
  expect(kept.map(({ text }) => text)).toEqual(['a before', 'b before', 'c before']);
});

it('FB5: what could not be told is told when the server is back', async () => {
  online = false;
  saw('a', 'b', 'c', 'd', 'e');
  await delay(60);
  online = true;
  await waitUntil(() => {
    points.retry();
    return kept.length === 5;
  });
});
