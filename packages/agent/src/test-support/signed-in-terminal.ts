import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { vi } from 'vitest';
import { DEVICE_ID, USER_ID } from './sample-offer.ts';

/** A person's terminal that is signed in to a scripted server; for tests that call the commands of `markco` in this process. */
export interface SignedInTerminal {
  readonly gateway: FakeGateway;
  /** Calls a command; answers what it told the person, a line each. */
  told(command: () => Promise<unknown>): Promise<string[]>;
  close(): Promise<void>;
}

/** Sets the environment of this process until it is closed. */
export async function openTerminal(): Promise<SignedInTerminal> {
  const gateway = await startFakeGateway();
  const dir = await mkdtemp(path.join(tmpdir(), 'markco-terminal-'));
  await mkdir(path.join(dir, 'agent'));
  const tokens = { accessToken: 'a', refreshToken: 'r', expiresIn: 600, deviceId: DEVICE_ID, userId: USER_ID, userName: 'Ada' };
  await writeFile(path.join(dir, 'tokens.json'), JSON.stringify({ ...tokens, obtainedAt: Date.now() }));
  vi.stubEnv('MARKCO_AGENT_DIR', path.join(dir, 'agent'));
  vi.stubEnv('MARKCO_SERVER', gateway.url);
  vi.stubEnv('MARKCO_CREDENTIALS_FILE', path.join(dir, 'tokens.json'));
  return {
    gateway,
    told: async (command) => {
      const lines: string[] = [];
      const spy = vi.spyOn(console, 'log').mockImplementation((line = '') => void lines.push(String(line)));
      await command().finally(() => spy.mockRestore());
      return lines;
    },
    close: async () => {
      vi.unstubAllEnvs();
      await gateway.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
