import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './installation.ts';
import { type Command, end, markco } from './markco.ts';
import type { Phone } from './phone.ts';

const NAME = 'Test laptop';

/** The person's computer: settings of its own, and an agent that is on or off. */
export class TestLaptop {
  readonly dir = mkdtempSync(join(tmpdir(), 'markco-agent-'));
  private agent: Command | null = null;
  private readonly api: Phone['api'];

  /** `api`: of the same person, to see when the server knows. */
  constructor(api: Phone['api']) {
    this.api = api;
  }

  /** `markco agent`; resolves when the server sees the device online. */
  async start(): Promise<void> {
    const python = process.env.MARKCO_TEST_PYTHON;
    this.agent = markco(this.dir, ['agent'], python ? { PATH: `${join(python, '..')}:${process.env.PATH}` } : {});
    await until(`${NAME} is online`, () => this.presenceIs('online'));
  }

  /** Ends the agent; resolves when the server sees the device offline. */
  async stop(): Promise<void> {
    if (!this.agent) return;
    await end(this.agent);
    this.agent = null;
    await until(`${NAME} is offline`, () => this.presenceIs('offline'));
  }

  /** Ends the agent whatever the server says, and forgets the settings. */
  async remove(): Promise<void> {
    if (this.agent) await end(this.agent);
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async presenceIs(presence: 'online' | 'offline'): Promise<boolean> {
    const device = (await this.api.devices.list.query()).find(({ name }) => name === NAME);
    return device?.presence === presence;
  }
}
