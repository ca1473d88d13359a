import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT } from '../lib/paths.mjs';

/** What the supervisor was asked to do, from its arguments and the environment. Ports are TCP ports on loopback. */
export interface Settings {
  dataDir: string;
  port: number;
  syncPort: number;
  host: string;
  publicUrl: string;
  databaseUrl: string | null;
  dev: boolean;
  lan: boolean;
  /** "This computer": an agent of the local user with `examples/` linked. */
  localAgent: boolean;
  examples: string;
}

/** A port from the environment; refuses what is not one, in words. */
function portFrom(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${name}=${text} is not a port: use a number from 1 to 65535.`);
  return port;
}

/** The first address of this computer in the local network, or null. */
export function lanAddress(): string | null {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((address) => address.family === 'IPv4' && !address.internal);
    if (found) return found.address;
  }
  return null;
}

/** Reads the settings. Throws with a sentence for the person where a value cannot be used. */
export function readSettings(options: { dev: boolean; lan: boolean }): Settings {
  const port = portFrom('PORT', 3000);
  const syncPort = portFrom('SYNC_RELAY_PORT', 3006);
  if (syncPort === 3005)
    throw new Error('SYNC_RELAY_PORT=3005 is refused: production has Umami there. Leave it out for 3006, or choose another.');
  if (port === syncPort) throw new Error(`PORT and SYNC_RELAY_PORT are both ${port}; they must differ.`);
  const lan = options.lan ? lanAddress() : null;
  if (options.lan && !lan)
    throw new Error('--lan: this computer has no address in a local network. Connect it to one, or leave --lan out.');
  return {
    ...options,
    dataDir: resolve(process.env.MARKCO_DATA_DIR ?? join(ROOT, '.markco')),
    port,
    syncPort,
    host: lan ? '0.0.0.0' : '127.0.0.1',
    publicUrl: process.env.PUBLIC_URL ?? `http://${lan ?? 'localhost'}:${port}`,
    databaseUrl: process.env.DATABASE_URL || null,
    localAgent: process.env.MARKCO_LOCAL_AGENT !== '0' && existsSync(join(ROOT, 'examples')),
    examples: join(ROOT, 'examples'),
  };
}
