import { readFile } from 'node:fs/promises';
import { cpus, freemem, hostname, loadavg } from 'node:os';
import type { CapabilitySnapshot } from '@markco/core/device/device';

/** The agent's version, as REGISTER tells it. */
export const AGENT_VERSION = '0.1.0';

/** A name for this computer until the person gives it one. */
export const defaultDeviceName = (): string =>
  hostname()
    .replace(/\.(local|lan|home)$/i, '')
    .slice(0, 100) || 'This computer';

/** REGISTER's platform. */
export const platformName = (): 'darwin' | 'win32' | 'linux' | 'other' =>
  process.platform === 'darwin' || process.platform === 'win32' || process.platform === 'linux' ? process.platform : 'other';

/** AG2: load, memory and processors now, in bytes and counts; the battery where Linux tells it. */
export class Machine {
  #battery: CapabilitySnapshot['battery'] = null;

  /** Call now and then; the snapshot itself reads no files. */
  async look(): Promise<void> {
    this.#battery = process.platform === 'linux' ? await linuxBattery() : null;
  }

  snapshot(): Omit<CapabilitySnapshot, 'runtimes'> {
    return { load: loadavg()[0] ?? 0, freeMemory: freemem(), cpus: cpus().length, battery: this.#battery ?? null };
  }
}

async function linuxBattery(): Promise<CapabilitySnapshot['battery']> {
  const read = (name: string) => readFile(`/sys/class/power_supply/BAT0/${name}`, 'utf8').then((text) => text.trim());
  try {
    const percent = Number(await read('capacity'));
    return Number.isFinite(percent) ? { percent, charging: (await read('status')) !== 'Discharging' } : null;
  } catch {
    return null;
  }
}
