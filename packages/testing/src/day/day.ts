import { isTerminal, type RequestedTarget, type RunState } from '@markco/core/run/run';
import type { AwaitedInput } from '@markco/core/run/run-core';
import type { Run } from '@markco/db/generated/client';
import type { DayAct, DayStep } from './day-act.ts';
import { DayCalm } from './day-calm.ts';
import type { DayRun } from './day-person.ts';
import { type Evidence, orderFaults, runFaults, watchFaults } from './day-promises.ts';
import { type DayWorld, makeWorld } from './day-world.ts';
import { idle } from './sim-idle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SESSIONS = ['default', 'other', 'third'];
const OPEN = { in: ['queued', 'offered', 'running'] };

/** A simulated day of one person: things happen, hours pass, and at the end every promise about runs is checked. */
export class Day {
  readonly #world: DayWorld;
  readonly #statesOf: Evidence['statesOf'];
  readonly #calm: DayCalm;
  readonly #faults: string[] = [];

  private constructor(world: DayWorld, statesOf: Evidence['statesOf']) {
    this.#world = world;
    this.#statesOf = statesOf;
    this.#calm = new DayCalm(world);
  }

  /** Two web processes, and every computer on. */
  static async begin(
    random: () => number,
    states: { record: (db: DayWorld['db']) => Promise<void>; of: Evidence['statesOf'] },
  ): Promise<Day> {
    const world = await makeWorld(random);
    await states.record(world.db);
    await world.servers.start(2);
    for (const device of world.devices) device.boot();
    await world.clock.advance(3_000);
    return new Day(world, states.of);
  }

  get runs(): number {
    return this.#world.person.runs.length;
  }

  async step({ act, pass }: DayStep): Promise<void> {
    await this.#act(act);
    this.#calm.acted(act);
    if (pass < HOUR) await this.#world.clock.advance(pass);
    else await this.#night(pass);
    await this.#look();
  }

  /** Everyone sleeps but the servers. */
  async #night(ms: number): Promise<void> {
    const { clock, devices } = this.#world;
    const awake = devices.filter((device) => device.isOn && !device.asleep);
    for (const [i, device] of awake.entries()) device.sleep(i % 2 === 0);
    await clock.advance(45_000);
    const leap = Math.max(ms / 20, 20 * MINUTE);
    for (let left = ms; left > 0; left -= leap) await clock.leap(Math.min(left, leap));
    await clock.advance(20_000);
    await this.#lookAtNight();
    for (const device of awake) device.wake();
    this.#calm.everythingChanged();
    await clock.advance(5_000);
  }

  async #act(act: DayAct): Promise<void> {
    const { person, servers, devices, db } = this.#world;
    switch (act.do) {
      case 'tap':
        person.tap(act.plans, SESSIONS[act.session]!, this.#target(act.target));
        break;
      case 'tap again':
        this.#some(act.run, (run) => person.send(run));
        break;
      case 'cancel':
        this.#some(act.run, (run) => person.cancel(run, act.force));
        break;
      case 'watch':
        this.#some(act.run, (run) => person.watch(run, act.again));
        break;
      case 'answer':
        await this.#answerAll();
        break;
      case 'decide': {
        const held = await db.run.findMany({ where: { state: 'queued', heldSince: { not: null } }, select: { id: true } });
        const runs = person.runs.filter(({ request }) => held.some(({ id }) => id === request.runId));
        if (runs.length > 0) person.decide(runs, act.decision);
        break;
      }
      case 'restart session':
        person.restartSession(SESSIONS[act.session]!, act.op);
        break;
      case 'kill server':
        servers.kill(act.server, act.silent);
        break;
      case 'stop server':
        servers.stop(act.server);
        break;
      case 'start servers':
        await servers.start(act.count);
        break;
      case 'bus':
        servers.cutBus(act.server, act.cut);
        break;
      case 'flag':
        await this.#flip(act.flag, act.on);
        break;
      case 'fallback':
        await this.#setFallback(act.of, act.on);
        break;
      default:
        this.#actOn(devices[act.device % devices.length]!, act);
    }
  }

  #actOn(device: DayWorld['devices'][number], act: Extract<DayAct, { device: number }>): void {
    switch (act.do) {
      case 'sleep':
        device.sleep(act.announced);
        break;
      case 'wake':
        device.wake();
        break;
      case 'network':
        device.setLink(act.state);
        break;
      case 'crash':
        device.crash(act.silent);
        break;
      case 'quit':
        void device.quit();
        break;
      case 'boot':
        device.boot();
        break;
      case 'kill runtimes':
        device.killRuntimes();
        break;
      case 'allow runs':
        device.allowRuns = act.allow;
    }
  }

  /** One of the ten newest runs. */
  #some(index: number, act: (run: DayRun) => void): void {
    const run = this.#world.person.runs.slice(-10).at(-1 - index);
    if (run) act(run);
  }

  #target(words: string): RequestedTarget | undefined {
    if (words === 'cloud') return { kind: 'cloud' };
    const device = this.#world.devices[Number(words.split(' ')[1] ?? -1)];
    return device && { kind: 'device', deviceId: device.deviceId };
  }

  async #answerAll(): Promise<void> {
    const { db, person } = this.#world;
    const asking = (await db.run.findMany({ where: { state: 'running' } })).filter((row) => row.awaitingInput);
    for (const row of asking) {
      const run = person.runs.find(({ request }) => request.runId === row.id);
      if (run) person.answer(run, (row.awaitingInput as unknown as AwaitedInput).execId, 'an answer');
    }
  }

  async #flip(flag: string, on: boolean): Promise<void> {
    const { db } = this.#world;
    await db.flagOverride.deleteMany({ where: { flag } });
    await db.flagOverride.create({ data: { flag, value: on ? '1' : '0', percent: 100 } });
  }

  async #setFallback(of: string, on: boolean): Promise<void> {
    const { db, principal, project } = this.#world;
    if (of === 'person') await db.user.update({ where: { id: principal.userId }, data: { fallbackToCloud: on } });
    else await db.project.update({ where: { id: project.projectId }, data: { fallbackToCloud: on } });
  }

  /** What must be so at any moment. */
  async #look(): Promise<void> {
    const rows = await this.#world.db.run.findMany({ where: { state: { in: ['queued', 'offered', 'running'] } } });
    for (const row of rows)
      if (row.heldSince) for (const run of this.#world.person.runs) if (run.request.runId === row.id) run.wasHeld = true;
    this.#faults.push(...(await this.#calm.faults(rows)));
    const active = rows.filter(({ state }) => state !== 'queued');
    for (const key of new Set(active.map(({ sessionName }) => sessionName))) {
      const inSession = active.filter(({ sessionName }) => sessionName === key);
      if (inSession.length > 1) this.#faults.push(`RU8: ${inSession.length} runs at once in one session`);
    }
    for (const device of this.#world.devices.slice(0, 2)) {
      const there = active.filter(({ deviceId }) => deviceId === device.deviceId);
      if (there.length > 4) this.#faults.push(`RU8: ${there.length} runs at once on ${device.name}`);
    }
  }

  /** Nobody is awake: the page says so. */
  async #lookAtNight(): Promise<void> {
    const { db, servers } = this.#world;
    if (servers.running.length === 0) return;
    const running = await db.run.findMany({ where: { state: 'running' } });
    for (const row of running) {
      if (!row.contactLostSince) this.#faults.push(`RU11: ${row.code} is shown as running where everyone sleeps`);
      else if (!row.message?.startsWith('Lost contact') && !row.message?.startsWith('Stopping'))
        this.#faults.push(`RU11: contact is lost, and the page says ${row.message}`);
    }
    const online = await db.device.count({ where: { presence: { not: 'offline' } } });
    if (online > 0) this.#faults.push(`AG2: ${online} sleeping computers are shown as online`);
  }

  /** The day is over: nothing is broken any more, everyone gets a while, then all rules of time pass. Answers what is wrong. */
  async end(): Promise<string[]> {
    const { clock, servers, person, devices } = this.#world;
    this.#calm.everythingChanged();
    await servers.start(2);
    for (const i of [0, 1]) servers.cutBus(i, false);
    for (const device of devices) device.setLink('up');
    for (const device of devices.filter(() => clock.random() < 0.7)) {
      device.boot();
      device.wake();
    }
    for (const run of person.runs) if (run.known === 'unknown') person.send(run);
    await this.#awhile(50_000, () => this.#noneOpen());
    await this.#answerAll();
    await this.#awhile(40_000, () => this.#noneOpen());
    await this.#look();
    await this.#lookForQuestions();
    await this.#night(25 * HOUR);
    await this.#allEnded();
    await this.#lastWords();
    return this.#verdict();
  }

  /** Lets time pass until there is nothing left to wait for. */
  async #awhile(ms: number, done: () => boolean | Promise<boolean>): Promise<void> {
    for (let left = ms; left > 0 && !(await done()); left -= 5_000) await this.#world.clock.advance(5_000);
  }

  async #noneOpen(): Promise<boolean> {
    return (await this.#world.db.run.count({ where: { state: OPEN } })) === 0;
  }

  /** Everyone who can be reached was there for a while: what a cell asks, a page asks. */
  async #lookForQuestions(): Promise<void> {
    const { db, book, devices, person } = this.#world;
    for (const row of await db.run.findMany({ where: { state: 'running', contactLostSince: null } })) {
      const device = devices.find(({ deviceId }) => deviceId === row.deviceId);
      const run = person.runs.find(({ request }) => request.runId === row.id);
      if (device?.isOn && !device.asleep && run && book.isAsking(run.plan.tag) && !row.awaitingInput)
        this.#faults.push(`RU14: ${run.plan.tag} waits for an answer that nobody is asked for`);
    }
  }

  async #allEnded(): Promise<void> {
    const open = await this.#world.db.run.findMany({ where: { state: OPEN } });
    for (const row of open)
      this.#faults.push(
        `${row.code} waits for ever: ${row.state}, "${row.message ?? row.routeDetail}", lost ${row.contactLostSince?.toISOString()}`,
      );
  }

  /** Computers that come back after days still bring what they hold, and then hold nothing. */
  async #lastWords(): Promise<void> {
    const { devices, person, db } = this.#world;
    for (const device of devices) {
      device.boot();
      device.wake();
    }
    await db.flagOverride.deleteMany();
    this.#calm.everythingOn();
    person.watchAll();
    const allTold = () => person.watchers.every(({ ended }) => ended) && devices.every((device) => device.journal().length === 0);
    await this.#awhile(150_000, allTold);
    for (const device of devices) {
      const kept = device.journal();
      if (kept.length > 0) this.#faults.push(`${device.name} still keeps ${kept.join(', ')}`);
    }
  }

  async #verdict(): Promise<string[]> {
    const { clock, db, book, person } = this.#world;
    await idle();
    const evidence = { db, book, statesOf: this.#statesOf };
    const faults = [
      ...this.#faults,
      ...person.faults,
      ...clock.errors.map((error) => `a timer threw ${error}`),
      ...(await this.#calm.lastFaults(db)),
    ];
    for (const run of person.runs) faults.push(...(await runFaults(evidence, run)));
    for (const watcher of person.watchers) {
      if (!watcher.ended) faults.push(`RU17: a page still waits for the end of a run that is ${watcher.view?.state}`);
      faults.push(...(await watchFaults(db, watcher)));
    }
    const rows: Run[] = await db.run.findMany();
    const held = new Set(person.runs.filter(({ wasHeld }) => wasHeld).map(({ request }) => request.runId));
    return [
      ...faults,
      ...orderFaults(
        rows.filter(({ state }) => isTerminal(state as RunState)),
        held,
      ),
    ];
  }

  async close(): Promise<void> {
    const { clock, servers } = this.#world;
    for (const device of this.#world.devices) device.crash(true);
    await servers.end();
    await clock.advance(30_000);
    await servers.stopped();
    await idle();
    await this.#world.remove();
  }
}
