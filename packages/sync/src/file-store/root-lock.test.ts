import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockRoot } from './root-lock.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-lock-'));
  mkdirSync(path.join(dir, '.markco'));
  file = path.join(dir, '.markco', 'lock');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it.each([
  ['a living process of this machine', () => `${process.ppid} ${hostname()}`],
  ['a process of another machine with our number', () => `${process.pid} elsewhere`],
  ['a process that wrote no machine down', () => `${process.ppid}`],
])('SY11: %s keeps the folder', async (_, content) => {
  writeFileSync(file, content());
  await expect(lockRoot(dir)).rejects.toThrow('already keeps');
});

it('SY11: a lock that is dead, silent or garbage is taken over, and leaves nothing when it is given back', async () => {
  const long = new Date(Date.now() - 60_000);
  for (const content of ['999999999 nobody', '', 'rubbish', `${process.pid} ${hostname()}`]) {
    writeFileSync(file, content);
    utimesSync(file, long, long);
    await (await lockRoot(dir))();
  }
  expect(readdirSync(path.join(dir, '.markco'))).toEqual([]);
});
