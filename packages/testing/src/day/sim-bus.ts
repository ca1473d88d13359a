import type { BusMessage, EventBus } from '@markco/core/bus';
import { createTopics } from '@markco/db/bus-topics';
import type { SimClock } from './sim-clock.ts';
import type { SimMachine } from './sim-machine.ts';

interface Member {
  readonly machine: SimMachine;
  readonly topics: ReturnType<typeof createTopics>;
  cut: boolean;
}

/** What the web processes tell each other. A process hears itself at once and the others a little later, or not at all while it is cut off. */
export class SimBus {
  readonly #clock: SimClock;
  readonly #air: SimMachine;
  readonly #members = new Set<Member>();

  constructor(clock: SimClock) {
    this.#clock = clock;
    this.#air = clock.machine('bus');
  }

  /** The bus as one process has it. */
  join(machine: SimMachine): EventBus & { cut(isCut: boolean): void; isCut(): boolean } {
    const member: Member = { machine, topics: createTopics((error) => this.#clock.errors.push(error)), cut: false };
    this.#members.add(member);
    return {
      publish: async (message: BusMessage) => this.#publish(member, message),
      subscribe: (topic, listener) => member.topics.subscribe(topic, listener),
      onReconnect: (listener) => member.topics.onReconnect(listener),
      ping: async () => {},
      close: async () => void this.#members.delete(member),
      isCut: () => member.cut,
      cut: (isCut) => {
        const was = member.cut;
        member.cut = isCut;
        if (was && !isCut) machine.run(() => member.topics.reconnected());
      },
    };
  }

  #publish(from: Member, message: BusMessage): void {
    if (from.machine.dead) return;
    for (const member of this.#members) {
      if (member.machine.dead) this.#members.delete(member);
      else if (member === from) queueMicrotask(() => member.topics.deliver(message));
      else if (!from.cut) this.#clock.schedule(this.#air, () => this.#hear(member, message), 1 + this.#clock.random() * 5);
    }
  }

  #hear(member: Member, message: BusMessage): void {
    if (!member.cut && !member.machine.dead) member.machine.run(() => member.topics.deliver(message));
  }
}
