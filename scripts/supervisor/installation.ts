import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { localDevice, pairingLink, workerToken } from '@markco/api/admin';
import { createDb, type Db } from '@markco/db/client';
import type { Settings } from './settings.ts';

/** What the children are given to sign in with. */
export interface Given {
  workerToken: string;
  /** The local agent's tokens (DeviceTokens as JSON), or null where it does not run. */
  credentialsFile: string | null;
  /** A one-time link for the phone, with --lan. */
  pairingUrl: string | null;
}

/** The device id in a credentials file whose sign-in still holds, else null. */
async function signedInDevice(db: Db, file: string): Promise<string | null> {
  try {
    const { deviceId } = JSON.parse(readFileSync(file, 'utf8')) as { deviceId: string };
    const alive = await db.refreshToken.findFirst({
      where: { deviceId, revokedAt: null, expiresAt: { gt: new Date() }, device: { revokedAt: null } },
      select: { id: true },
    });
    return alive ? deviceId : null;
  } catch {
    return null;
  }
}

/** "This computer": an agent of the local user, signed in by the supervisor, with `examples/` linked the first time. */
async function prepareLocalAgent(settings: Settings, db: Db, secret: string): Promise<string> {
  const agentDir = join(settings.dataDir, 'agent');
  await mkdir(agentDir, { recursive: true, mode: 0o700 });
  const file = join(agentDir, 'credentials.json');
  if (!(await signedInDevice(db, file))) {
    const about = { name: `This computer (${hostname()})`.slice(0, 100), kind: 'headless' as const, platform: process.platform };
    const tokens = await localDevice(db, new TextEncoder().encode(secret), about);
    await writeFile(file, `${JSON.stringify(tokens)}\n`, { mode: 0o600 });
  }
  const settingsFile = join(agentDir, 'settings.json');
  if (!existsSync(settingsFile)) {
    const folders = [{ root: settings.examples, name: 'Examples', paused: false }];
    writeFileSync(settingsFile, `${JSON.stringify({ server: `http://127.0.0.1:${settings.port}`, folders }, null, 2)}\n`, { mode: 0o600 });
  }
  return file;
}

/** Makes what the processes need to know each other: the worker's token, the local agent's sign-in, a link for the phone. */
export async function prepareInstallation(settings: Settings, databaseUrl: string, secret: string): Promise<Given> {
  const db = createDb({ connectionString: databaseUrl, max: 2, applicationName: 'markco-supervisor' });
  try {
    return {
      workerToken: await workerToken(db),
      credentialsFile: settings.localAgent ? await prepareLocalAgent(settings, db, secret) : null,
      pairingUrl: settings.lan ? await pairingLink(db, settings.publicUrl) : null,
    };
  } finally {
    await db.$disconnect();
  }
}
