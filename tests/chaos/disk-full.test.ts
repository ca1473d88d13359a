import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectSlug } from '@markco/core/project/project-slug';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Scenario, scenario, WHOLE } from '../lib/chaos-scenario.ts';
import { RelayProcess } from '../lib/relay-process.ts';
import { limitedDisk, mountedDisk, type SmallDisk } from '../lib/small-disk.ts';
import { TokenLedger, tokensOf } from '../lib/token-ledger.ts';
import { Typist } from '../lib/typist.ts';

let database: TestDatabase;
let port: number;
let relay: RelayProcess;
let disk: SmallDisk;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  database = await testDatabase();
  port = await freePort();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  if (relay?.isAlive) await relay.end('SIGKILL');
  disk.remove();
  await database.drop();
});

/** SYNC_MODE=legacy: the files are where edits are durable. */
const startRelay = (): Promise<RelayProcess> =>
  new RelayProcess({ databaseUrl: database.url, port, env: { SYNC_MODE: 'legacy', MARKCO_WORKSPACES_DIR: disk.dir } }).ready();

/** Words that only ever exist whole: a torn one is left over. */
const isWhole = (text: string): boolean => tokensOf(text).join('') === text;

async function fillAndFree({ random, size, progress, explain }: Scenario): Promise<void> {
  explain(() => relay.log.slice(-3_000));
  relay = await startRelay();
  const ref = await makeDocument(database.db);
  const file = join(disk.dir, projectSlug(ref.userId), projectSlug(ref.project), ref.path);
  const fileText = () => readFileSync(file, 'utf8');
  const ledger = new TokenLedger();
  let names = 0;
  const seat = () => {
    const typist = new Typist({ ref, port, ledger, random, name: `t${names++}` });
    closing.push(() => typist.destroy());
    return typist;
  };
  const rounds = size(2, 12);
  for (let round = 0; round < rounds; round++) {
    const typists = [seat(), seat()];
    await until(() => typists.every(({ isSaved }) => isSaved), 120_000, 'the typists to be in');
    for (let i = 0; i < 150; i++) random.pick(typists).insert();
    await until(() => typists.every(({ isSaved }) => isSaved), 120_000, 'what was typed to be saved');
    await until(() => fileText() === typists[0]!.text.toString(), 120_000, 'the file to follow');
    disk.fill(relay.pid);
    // Until it hurts: what little was left is used up too.
    await until(
      () => typists.every(({ connection }) => connection.status.unsaved > 20),
      120_000,
      'edits not to be saved',
      async () => {
        for (const typist of typists) typist.insert();
      },
    );
    const saved = ledger.saved;
    expect(isWhole(fileText())).toBe(true);
    const killed = round % 2 === 1;
    if (killed) {
      await relay.end('SIGKILL');
      await until(() => typists.every(({ isCutOff }) => isCutOff));
      // Nobody holds anything any more: what was called saved must be in the files.
      for (const typist of typists) typist.destroy();
      expect(isWhole(fileText())).toBe(true);
    }
    if (killed && disk.kind === 'full disk') disk.free(0);
    if (killed) relay = await startRelay();
    else disk.free(relay.pid);
    if (!killed) await until(() => typists.every(({ isSaved }) => isSaved), 120_000, 'all to be saved once there is space');
    const reader = seat();
    await until(() => reader.isSaved, 120_000, 'a reader to have the document');
    expect(ledger.faults(reader.text.toString())).toEqual([]);
    await until(() => fileText() === reader.text.toString(), 120_000, 'the file to hold all of it');
    progress(`${disk.kind}, ${killed ? 'killed while full' : 'freed'}: ${saved} saved before, ${ledger.saved} after`);
    for (const typist of [...typists, reader]) typist.destroy();
  }
  expect(await relay.end('SIGTERM')).toMatchObject({ code: 0 });
}

// Where nothing may be mounted (containers), the limit on file sizes fails the same writes with EFBIG.
const mounted = mountedDisk();
mounted?.remove();
const kinds = [...(mounted ? [mountedDisk] : []), ...(!mounted || WHOLE ? [limitedDisk] : [])];

describe('the file store without space', () => {
  for (const makeDisk of kinds) {
    scenario(`SY6, SY11: ${makeDisk.name}: no torn file, no false "Saved", and it goes on when there is space again`, async (run) => {
      disk = makeDisk()!;
      await fillAndFree(run);
    });
  }
});
