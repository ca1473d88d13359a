import { Counter, Gauge, type Registry } from 'prom-client';

/** OP2: what is measured between relay processes (SY18). */
export class NodeMetrics {
  /** 1 while messages of other processes arrive; 0: the store is read instead. */
  readonly busUp: Gauge;
  readonly others: Gauge;
  readonly sent: Counter;
  readonly received: Counter;
  readonly tailReads: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.busUp = new Gauge({ name: 'sync_bus_up', help: 'Whether Redis carries updates between relay processes', registers });
    this.others = new Gauge({ name: 'sync_other_nodes', help: 'Other relay processes that were heard lately', registers });
    this.sent = new Counter({ name: 'sync_bus_sent_total', help: 'Messages to other relay processes', registers });
    this.received = new Counter({ name: 'sync_bus_received_total', help: 'Messages from other relay processes', registers });
    this.tailReads = new Counter({ name: 'sync_tail_reads_total', help: 'Documents read again because messages were missed', registers });
  }
}
