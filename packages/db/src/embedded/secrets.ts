import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** The superuser's password, made once and kept readable only by its owner. */
export function readOrMakePassword(dataDir: string): string {
  const path = join(dataDir, 'password');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    const password = randomBytes(24).toString('base64url');
    writeFileSync(path, `${password}\n`, { mode: 0o600 });
    return password;
  }
}

/** The port kept from the last start if it is free, else a free one, which is kept. `wanted` wins over both. */
export async function choosePort(dataDir: string, wanted?: number): Promise<number> {
  if (wanted) return wanted;
  const path = join(dataDir, 'port');
  const kept = Number.parseInt(readText(path), 10);
  const port = kept > 0 && (await freePort(kept)) ? kept : await freePort(0);
  if (!port) throw new Error('No free port on 127.0.0.1 was found for the database.');
  writeFileSync(path, `${port}\n`);
  return port;
}

function freePort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
