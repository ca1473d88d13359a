import { Counter, Histogram, type Registry } from 'prom-client';

/** What browsers measure and report (WB9), with the buckets of each in ms. */
export const BROWSER_MEASURES = ['doc_open_ttfc_ms', 'doc_switch_ttfc_ms', 'doc_sync_rtt_ms', 'runtime_file_reflect_ms'] as const;
export type BrowserMeasure = (typeof BROWSER_MEASURES)[number];
/** Where a document's first content came from: attached already, kept by the browser, the server. The only label there is. */
export const CACHE_STATES = ['hot', 'warm', 'cold'] as const;
export type CacheState = (typeof CACHE_STATES)[number];
/** The measures that carry it. */
export const OPENINGS = ['doc_open_ttfc_ms', 'doc_switch_ttfc_ms'] as const satisfies readonly BrowserMeasure[];

const BUCKETS = [5, 10, 16, 25, 50, 100, 150, 250, 500, 1000, 2000, 5000, 10_000];
const HELP: Record<BrowserMeasure, string> = {
  doc_open_ttfc_ms: 'From opening a document to its first content, as browsers saw it',
  doc_switch_ttfc_ms: 'From switching documents to the first content, as browsers saw it',
  doc_sync_rtt_ms: 'From an edit to its echo, as browsers saw it',
  runtime_file_reflect_ms: 'From a file written by a runtime to the editor, as browsers saw it',
};

/** OP2: numbers of the API's own sockets and of the pages. */
export interface ApiMetrics {
  /** `reason`: one of our own words. */
  socketError(reason: string): void;
  measured(name: BrowserMeasure, ms: number, cache?: CacheState): void;
}

const made = new WeakMap<Registry, ApiMetrics>();

/** The metrics of this process; made once a registry. */
export function apiMetrics(registry: Registry): ApiMetrics {
  const known = made.get(registry);
  if (known) return known;
  const registers = [registry];
  const errors = new Counter({
    name: 'ws_errors_total',
    help: 'Sockets of the API refused or closed for a reason',
    labelNames: ['reason'],
    registers,
  });
  const histograms = new Map(
    BROWSER_MEASURES.map((name) => {
      const labelNames = (OPENINGS as readonly BrowserMeasure[]).includes(name) ? ['cache'] : [];
      return [name, new Histogram<string>({ name, help: HELP[name], buckets: BUCKETS, labelNames, registers })];
    }),
  );
  const metrics: ApiMetrics = {
    socketError: (reason) => errors.inc({ reason }),
    measured: (name, ms, cache) => histograms.get(name)?.observe(cache ? { cache } : {}, ms),
  };
  made.set(registry, metrics);
  return metrics;
}
