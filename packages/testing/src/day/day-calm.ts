import type { RunRequest } from '@markco/core/run/run';
import type { Db } from '@markco/db/client';
import type { Run } from '@markco/db/generated/client';
import type { DayAct } from './day-act.ts';
import type { DayWorld } from './day-world.ts';

/** Longer than any way back takes: the silence is noticed, a few tries with their waits, a cell that goes before. In ms. */
const BACK_WITHIN = 150_000;
/** A flag is read every 5 s. */
const FLAG_KNOWN_WITHIN = 10_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SERVERS = new Set<DayAct['do']>(['kill server', 'stop server', 'start servers']);
const CHOICES = new Set<DayAct['do']>(['flag', 'fallback', 'allow runs', 'bus', 'decide', 'restart session', 'kill runtimes']);

interface Off {
  readonly what: string;
  readonly since: number;
  until: number;
}

/** What must be so where nothing was disturbed for a while, and what a switch forbids while it is off. */
export class DayCalm {
  readonly #world: DayWorld;
  /** Since when each computer and its way to a server were left alone. */
  readonly #leftAlone: number[];
  /** Since when nothing at all was changed. */
  #settled: number;
  #off: Off[] = [];
  /** When the computer of a run was last heard of while it was taken to be there. */
  readonly #heard = new Map<string, number>();
  readonly #fallback: { person?: boolean; project?: boolean } = {};

  constructor(world: DayWorld) {
    this.#world = world;
    this.#settled = world.clock.now;
    this.#leftAlone = world.devices.map(() => world.clock.now);
  }

  acted(act: DayAct): void {
    const { now } = this.#world.clock;
    if ('device' in act) this.#leftAlone[act.device % this.#leftAlone.length] = now;
    if (SERVERS.has(act.do)) this.everythingChanged();
    if ('device' in act || CHOICES.has(act.do)) this.#settled = now;
    if (act.do === 'flag') this.#switch(act.flag, act.on);
    if (act.do !== 'fallback') return;
    this.#fallback[act.of === 'person' ? 'person' : 'project'] = act.on;
    this.#switch('fallback', this.#fallback.project ?? this.#fallback.person ?? true);
  }

  everythingChanged(): void {
    this.#settled = this.#world.clock.now;
    this.#leftAlone.fill(this.#world.clock.now);
  }

  everythingOn(): void {
    for (const { what } of this.#off) if (what.startsWith('ENABLE')) this.#switch(what, true);
  }

  #switch(what: string, on: boolean): void {
    const { now } = this.#world.clock;
    const open = this.#off.find((off) => off.what === what && off.until === Number.POSITIVE_INFINITY);
    if (on && open) open.until = now;
    else if (!on && !open) this.#off.push({ what, since: now, until: Number.POSITIVE_INFINITY });
  }

  /** Its agent is awake, the way is free, and that for long enough. */
  #isBack(index: number): boolean {
    const { devices, clock, servers } = this.#world;
    return servers.running.length > 0 && devices[index]!.isReachable && clock.now - this.#leftAlone[index]! > BACK_WITHIN;
  }

  /** @param open the runs that have not ended */
  async faults(open: readonly Run[]): Promise<string[]> {
    const { devices, clock, db } = this.#world;
    const faults: string[] = [];
    await this.#hear(open);
    for (const [i, { deviceId, name }] of devices.entries()) {
      if (!this.#isBack(i)) continue;
      for (const row of open.filter((run) => run.state === 'running' && run.deviceId === deviceId)) {
        if (row.contactLostSince) faults.push(`RU7, RU11: ${row.code} lost contact, and ${name} is there`);
        if (row.cancelRequestedAt && clock.now - Number(row.cancelRequestedAt) > BACK_WITHIN)
          faults.push(`RU12: ${row.code} was cancelled, ${name} is there, and it still runs`);
      }
    }
    if (devices.some((_, i) => !this.#isBack(i)) || clock.now - this.#settled < BACK_WITHIN) return faults;
    if (this.#isAllOn() && (await db.device.count({ where: { presence: { not: 'online' } } })) > 0)
      faults.push('AG2: a computer is there, and shown as away');
    return [...faults, ...this.#waiting(open)];
  }

  async #hear(open: readonly Run[]): Promise<void> {
    const heard = new Map((await this.#world.db.device.findMany()).map(({ id, lastSeenAt }) => [id, Number(lastSeenAt)]));
    for (const run of open)
      if (run.state === 'running' && run.deviceId && !run.contactLostSince) this.#heard.set(run.id, heard.get(run.deviceId) ?? 0);
  }

  #isAllOn(): boolean {
    return this.#off.every(({ until }) => until < Number.POSITIVE_INFINITY) && this.#world.devices.every(({ allowRuns }) => allowRuns);
  }

  /** RU9: with everything there and nothing before it, a run does not wait. */
  #waiting(open: readonly Run[]): string[] {
    if (!this.#isAllOn() || this.#world.servers.busIsCut) return [];
    const stopped = new Set(open.filter((run) => run.state !== 'queued' || run.heldSince).map(({ sessionName }) => sessionName));
    return open
      .filter((run) => !stopped.has(run.sessionName) && this.#world.clock.now - Number(run.createdAt) > BACK_WITHIN)
      .map((run) => `RU9: everyone is there, and ${run.code} waits: ${run.message ?? run.routeDetail}`);
  }

  /** What was begun or given up against the rules, when all is over. */
  async lastFaults(db: Db): Promise<string[]> {
    const rows = await db.run.findMany({ where: { grantedAt: { not: null } } });
    return [
      ...this.#forbidden(rows),
      ...rows.filter((row) => this.#isGivenUpEarly(row)).map(({ code }) => `RU11: ${code} was given up early`),
    ];
  }

  /** RU11: after 24 hours, after 10 minutes for a worker, or when the person says so. */
  #isGivenUpEarly(row: Run): boolean {
    if (row.exitReason !== 'device_lost' || row.forceRequestedAt) return false;
    const awayMs = Number(row.endedAt) - Math.max(Number(row.grantedAt), this.#heard.get(row.id) ?? 0);
    return awayMs < (row.targetKind === 'cloud' ? HOUR / 6 : 24 * HOUR) - MINUTE;
  }

  /** RU7: what a switch forbids was not begun while it was off. */
  #forbidden(rows: readonly Run[]): string[] {
    return this.#off.flatMap(({ what, since, until }) =>
      rows
        .filter((row) => Number(row.offeredAt) > since + FLAG_KNOWN_WITHIN && Number(row.offeredAt) < until && isForbidden(what, row))
        .map((row) => `RU7: ${what} was off, and ${row.code} went to ${row.ranOn}: ${row.reason}`),
    );
  }
}

function isForbidden(what: string, row: Run): boolean {
  const { target } = row.request as unknown as RunRequest;
  switch (what) {
    case 'ENABLE_CLOUD_FALLBACK':
      return row.targetKind === 'cloud' && target?.kind !== 'cloud' && !row.batchId && row.reason !== 'routing_disabled';
    case 'fallback':
      return row.targetKind === 'cloud' && row.reason.startsWith('fallback_');
    default:
      return row.targetKind === 'device';
  }
}
