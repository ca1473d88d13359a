import type { Principal } from '@markco/api/auth/principal';
import { watchRun } from '@markco/api/run-engine/watch-run';
import { isTerminal, type RunView } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import type { SimServer } from './sim-server.ts';

/** A page that shows one run: it watches over some web process, and again from the last seq it has when that ends too early. */
export class DayWatcher {
  readonly runId: string;
  readonly events: RunEvent[] = [];
  /** The run as the page shows it. */
  view: RunView | null = null;
  /** The stream said that nothing follows. */
  ended = false;
  /** What a watcher must never see. */
  readonly faults: string[] = [];
  #abort = new AbortController();

  constructor(runId: string) {
    this.runId = runId;
  }

  /** Watches over `server` from now on, and over no other. */
  watch(server: SimServer, principal: Principal): void {
    this.close();
    if (this.ended) return;
    const abort = new AbortController();
    this.#abort = abort;
    const after = this.events.at(-1)?.seq ?? 0;
    void server
      .call(async (resources) => {
        for await (const item of watchRun(resources, principal, this.runId, after, abort.signal)) {
          if (abort.signal.aborted || server.machine.dead) return;
          if (item.type === 'event') this.#take(item.event);
          else this.#see(item.run);
        }
        if (!abort.signal.aborted && !server.machine.dead) this.#end();
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted && !server.machine.dead) this.faults.push(`watching failed: ${error}`);
      });
  }

  close(): void {
    this.#abort.abort();
  }

  #take(event: RunEvent): void {
    const last = this.events.at(-1)?.seq ?? 0;
    if (event.seq !== last + 1) this.faults.push(`RU17: event ${event.seq} came after ${last}`);
    this.events.push(event);
  }

  #see(view: RunView): void {
    const before = this.view;
    if (before && isTerminal(before.state) && view.state !== before.state) this.faults.push(`RU1: ${before.state} became ${view.state}`);
    if (before?.ranOn && view.ranOn !== before.ranOn) this.faults.push(`RU22: ran on ${before.ranOn}, then on ${view.ranOn}`);
    if (before && before.state === 'running' && (view.state === 'queued' || view.state === 'offered'))
      this.faults.push(`RU10: a granted run became ${view.state}`);
    this.view = view;
  }

  #end(): void {
    this.ended = true;
    if (!this.view || !isTerminal(this.view.state)) this.faults.push(`RU17: the stream ended while the run was ${this.view?.state}`);
  }
}
