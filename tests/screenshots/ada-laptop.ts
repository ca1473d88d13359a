import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Installation, until } from '../lib/installation.ts';
import { type Command, end, markco, markcoDone } from '../lib/markco.ts';
import type { Phone } from '../lib/phone.ts';

/** What the computer in the pictures is called. */
export const LAPTOP = 'MacBook Pro';
const python = process.env.MARKCO_TEST_PYTHON;
const ENV = { MARKCO_DEVICE_NAME: LAPTOP, ...(python && { PATH: `${dirname(python)}:${process.env.PATH}` }) };

/** A signed-in computer with a linked folder of one document; it can go away, come back, and fall silent. */
export class AdaLaptop {
  readonly #root = mkdtempSync(join(tmpdir(), 'markco-pictures-'));
  readonly #api: Phone['api'];
  #agent: Command | null = null;

  private constructor(api: Phone['api']) {
    this.#api = api;
  }

  /** Signs it in, links a folder with the document and waits until the server has both. */
  static async start(installation: Installation, { api }: Phone, text: string): Promise<AdaLaptop> {
    const laptop = new AdaLaptop(api);
    const folder = join(laptop.#root, 'Weather');
    mkdirSync(folder);
    writeFileSync(join(folder, 'report.md'), text);
    const login = markco(laptop.#dir, ['login', '--server', installation.url, '--name', LAPTOP], ENV);
    const userCode = await until('the code is shown', () => /\b([A-Z0-9]{4}-[A-Z0-9]{4})\b/.exec(login.output())?.[1]);
    await api.auth.deviceDecide.mutate({ userCode, approve: true });
    await login.done;
    await markcoDone(laptop.#dir, ['link', folder, '--yes'], ENV);
    await laptop.come();
    await until('the document is there', async () => {
      const [project] = await api.projects.list.query();
      return project && (await api.projects.documents.query({ projectId: project.id })).length > 0;
    });
    return laptop;
  }

  get #dir(): string {
    return join(this.#root, 'agent');
  }

  /** `markco agent`; resolves when the server sees it online. */
  async come(): Promise<void> {
    this.#agent = markco(this.#dir, ['agent'], ENV);
    await this.#presence('online');
  }

  /** Closes the lid, with a goodbye. */
  async leave(): Promise<void> {
    if (this.#agent) await end(this.#agent);
    this.#agent = null;
    await this.#presence('offline');
  }

  /** Loses its network without a word. */
  freeze(): void {
    this.#agent?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#agent?.child.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    this.thaw();
    if (this.#agent) await end(this.#agent);
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #presence(wanted: 'online' | 'offline'): Promise<void> {
    await until(`${LAPTOP} is ${wanted}`, async () =>
      (await this.#api.devices.list.query()).some(({ name, presence }) => name === LAPTOP && presence === wanted),
    );
  }
}
