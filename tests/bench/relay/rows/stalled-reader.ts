import { readFileSync } from 'node:fs';
import { writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import { percentile } from '../../lib/numbers.ts';
import { type Row, watchGenerator, withServer } from '../row.ts';
import { type BenchServer, residentBytes } from '../servers/bench-server.ts';
import { type BenchClient, connectAll } from '../wire/bench-client.ts';
import { paced, settled } from '../wire/paced.ts';

const MB = 1024 * 1024;
const EDIT_BYTES = 64 * 1024;
const MB_PER_SECOND = 20;
const READERS = 3;
/** Edits on their way at most: a server that takes less than 20 MB/s is not drowned, it only takes longer. */
const AHEAD = 16;
const PATIENCE_MS = 30_000;

/** One client stops reading while much is written to its document: what the server keeps for it, and what the others notice. */
export const stalledReader: Row = {
  number: 7,
  title: 'one stalled reader while 150 MB are written (20 MB/s)',
  rounds: 3,
  metrics: [
    { key: 'growth', what: 'RSS above the same without it, MB', goal: { atMost: 32 } },
    { key: 'closed', what: 'its socket closed after, s', goal: { atMost: 5 }, digits: 1 },
    { key: 'factor', what: "others' p99, times that without it", goal: { atMost: 2 }, digits: 1 },
    { key: 'p99', what: "others' p99, ms", digits: 1 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const [writer, stalled, ...readers] = (await connectAll(await server.documents(1), READERS + 2))[0]!;
      const pages = makePages(writer!, readers);
      const size = bench.quick ? 30 : 150;
      // Long enough for garbage to reach its usual height, or that would count as growth.
      await pages.write(server, size / 3);
      const before = await pages.write(server, size * 0.7);
      stalled!.socket.stream.pause();
      const busy = watchGenerator();
      const during = await pages.write(server, size, () => isEstablished(stalled!, server));
      const generator = busy();
      for (const { socket } of [writer!, stalled!, ...readers]) socket.end();
      const [p99, usual] = [percentile(during.latencies, 0.99), percentile(before.latencies, 0.99)];
      const closed = during.endedAfter;
      return {
        figures: { growth: (during.peak - before.peak) / MB, closed: closed ?? Number.NaN, factor: p99 / usual, p99 },
        ...(closed === null && { instead: { closed: 'kept open' } }),
        generator,
        ...(during.missing > 0 && { remark: `${during.missing} updates did not reach the others.` }),
      };
    }),
};

interface Written {
  readonly latencies: number[];
  readonly missing: number;
  /** Resident bytes of the server at most. */
  readonly peak: number;
  /** Seconds until `goesOn` was false; null where it never was. */
  readonly endedAfter: number | null;
}

/** A text of 64 KB that is replaced with each edit, so that the document stays small. */
function makePages(writer: BenchClient, readers: readonly BenchClient[]) {
  const doc = new Y.Doc();
  const text = doc.getText('content');
  const sentAt: number[] = [];
  let latencies: number[] = [];
  doc.on('update', (update: Uint8Array) => {
    sentAt.push(performance.now());
    writer.send(writeUpdate(update));
  });
  const seen = readers.map(() => 0);
  for (const [i, reader] of readers.entries()) {
    reader.onUpdate = (update) => {
      // Each edit is as many ticks of the writer's clock as it has characters.
      const edits = (Y.parseUpdateMeta(update).to.get(doc.clientID) ?? 0) / EDIT_BYTES;
      for (; seen[i]! < edits; seen[i]!++) latencies.push(performance.now() - sentAt[seen[i]!]!);
    };
  }
  const edit = (n: number) =>
    doc.transact(() => {
      text.delete(0, text.length);
      text.insert(0, String(n % 10).repeat(EDIT_BYTES));
    });
  return {
    async write(server: BenchServer, megabytes: number, goesOn: () => boolean = () => false): Promise<Written> {
      latencies = [];
      const watch = watchServer(server, goesOn);
      const isClear = () => sentAt.length - Math.min(...seen) < AHEAD;
      const perSecond = (MB_PER_SECOND * MB) / EDIT_BYTES;
      const { sent } = await paced({ perSecond, seconds: megabytes / MB_PER_SECOND, isClear, patienceMs: PATIENCE_MS }, edit);
      await settled(() => latencies.length >= sent * readers.length, 10_000);
      await settled(() => !goesOn(), 6_000, 50);
      return { latencies, missing: sent * readers.length - latencies.length, ...watch() };
    },
  };
}

function watchServer(server: BenchServer, goesOn: () => boolean): () => Pick<Written, 'peak' | 'endedAfter'> {
  const started = performance.now();
  let peak = 0;
  let endedAfter: number | null = null;
  const look = () => {
    peak = Math.max(peak, residentBytes(server.child.pid!));
    if (endedAfter === null && !goesOn()) endedAfter = (performance.now() - started) / 1000;
  };
  look();
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    look();
    return { peak, endedAfter };
  };
}

/** The server's side of a connection: the client, which does not read, would not notice. */
function isEstablished(client: BenchClient, server: BenchServer): boolean {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const pair = new RegExp(`:${hex(server.port)} [0-9A-F]+:${hex(client.socket.stream.localPort!)} 01 `);
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((file) => pair.test(readFileSync(file, 'utf8')));
}
