import type { RuntimeLoss } from '@markco/core/run/run-event';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';

const MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 15_000, 60_000, 600_000];

/** OP2: the numbers of runs and devices. Labels hold only our own words. */
export interface RunMetrics {
  routed(target: string, reason: string): void;
  ended(run: RunRow): void;
  queued(ms: number): void;
  firstOutput(ms: number): void;
  devicesOnline(count: number): void;
  deviceTransition(to: string): void;
  /** AG5: a runtime took the place of one that is gone, or was told to. */
  runtimeRestarted(reason: RuntimeLoss | 'restart' | 'reset' | 'forced'): void;
}

const made = new WeakMap<Registry, RunMetrics>();

/** The metrics of this process; made once a registry. */
export function metricsOf(resources: Resources): RunMetrics {
  const registry = resources.metrics;
  let metrics = made.get(registry);
  if (!metrics) {
    metrics = createMetrics(registry);
    made.set(registry, metrics);
  }
  return metrics;
}

function createMetrics(registry: Registry): RunMetrics {
  const registers = [registry];
  const routes = new Counter({ name: 'run_route_total', help: 'Routing decisions', labelNames: ['target', 'reason'], registers });
  const runs = new Counter({ name: 'run_total', help: 'Runs that ended', labelNames: ['target', 'outcome'], registers });
  const queue = new Histogram({ name: 'run_queue_ms', help: 'From the request to the grant', buckets: MS, registers });
  const first = new Histogram({ name: 'run_first_output_ms', help: 'From the request to the first output stored', buckets: MS, registers });
  const online = new Gauge({ name: 'device_online', help: 'Devices online now', registers });
  const transitions = new Counter({ name: 'device_transitions_total', help: 'Changes of presence', labelNames: ['to'], registers });
  const restarts = new Counter({
    name: 'runtime_restarts_total',
    help: 'Sessions that began anew, by what became of their runtime',
    labelNames: ['reason'],
    registers,
  });
  return {
    routed: (target, reason) => routes.inc({ target, reason }),
    ended: (run) => runs.inc({ target: run.targetKind, outcome: run.state }),
    queued: (ms) => queue.observe(Math.max(0, ms)),
    firstOutput: (ms) => first.observe(Math.max(0, ms)),
    devicesOnline: (count) => online.set(count),
    deviceTransition: (to) => transitions.inc({ to }),
    runtimeRestarted: (reason) => restarts.inc({ reason }),
  };
}
