import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canRun, needsOtherUser, postgresUser, reachableAs } from './run-as.ts';

// What another user may reach can only be tried by root, who alone may become another user.
describe.runIf(needsOtherUser())('Postgres as another user than root', () => {
  let closed: string;
  const user = postgresUser(() => {});
  beforeEach(async () => {
    closed = await mkdtemp(join(tmpdir(), 'markco-closed-'));
    await chmod(closed, 0o700);
  });
  afterEach(() => rm(closed, { recursive: true, force: true }));

  it('sees that a program in a closed folder cannot be started by it', async () => {
    const program = join(closed, 'program');
    await writeFile(program, '#!/bin/sh\nexit 0\n');
    // Not by `writeFile`, whose mode the shell's umask cuts.
    await chmod(program, 0o755);
    expect(canRun(user, program)).toBe(false);
    await chmod(closed, 0o755);
    expect(canRun(user, program)).toBe(true);
  });

  it('works in its own folder below a closed one with one capability and nothing more, and in an open one without', async () => {
    const folder = join(closed, 'cluster');
    await mkdir(folder, { mode: 0o700 });
    await chown(folder, user.uid, user.gid);
    const way = reachableAs(user, folder);
    if (way) {
      const [program, ...args] = [...way.prefix, '/bin/sh', '-c', 'id -u; grep CapEff /proc/self/status'];
      const lines = spawnSync(program!, args, { encoding: 'utf8' }).stdout.split('\n');
      expect(lines[0]).toBe(String(user.uid));
      // Bit 2 is CAP_DAC_READ_SEARCH.
      expect(Number.parseInt(lines[1]?.split('\t')[1] ?? '', 16)).toBe(4);
    }
    await chmod(closed, 0o755);
    expect(reachableAs(user, folder)).toEqual({ prefix: [], user });
  });
});
