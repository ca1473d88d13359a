import { type ServerOptions, SimServer } from './sim-server.ts';

/** The web processes behind one address: some are there, some stop or die, new ones take their place. */
export class DayServers {
  #running: SimServer[] = [];
  readonly #stopping: Promise<void>[] = [];
  readonly #options: Omit<ServerOptions, 'name'>;
  #started = 0;

  constructor(options: Omit<ServerOptions, 'name'>) {
    this.#options = options;
  }

  get running(): readonly SimServer[] {
    return this.#running;
  }

  /** The process the next request or connection goes to. */
  pick(): SimServer | null {
    const { random } = this.#options.clock;
    return this.#running[Math.floor(random.call(this.#options.clock) * this.#running.length)] ?? null;
  }

  async start(count: number): Promise<void> {
    while (this.#running.length < count) this.#running.push(await SimServer.start({ ...this.#options, name: `web-${++this.#started}` }));
  }

  kill(index: number, silent: boolean): void {
    this.#take(index)?.kill(silent);
  }

  /** SIGTERM; it ends in its own time. */
  stop(index: number): void {
    const server = this.#take(index);
    if (server) this.#stopping.push(server.stop());
  }

  cutBus(index: number, isCut: boolean): void {
    this.#running[index % Math.max(1, this.#running.length)]?.cutBus(isCut);
  }

  get busIsCut(): boolean {
    return this.#running.some((server) => server.busIsCut);
  }

  async end(): Promise<void> {
    while (this.#running.length > 0) this.stop(0);
  }

  /** Those that were told to stop have stopped. */
  stopped(): Promise<unknown> {
    return Promise.all(this.#stopping);
  }

  #take(index: number): SimServer | undefined {
    return this.#running.splice(index % Math.max(1, this.#running.length), 1)[0];
  }
}
