import { freePort } from '@markco/testing/free-port';
import { redisServer, startRedis, type TestRedis } from '@markco/testing/redis';
import { RELAY_SECRET, RelayProcess } from '../../../lib/relay-process.ts';
import { percentile } from '../../lib/numbers.ts';
import { type Row, watchGenerator } from '../row.ts';
import { ourDocuments } from '../servers/bench-document.ts';
import { connectBench } from '../wire/bench-client.ts';
import { paced, settled } from '../wire/paced.ts';
import { makeWriter, type Writer } from '../wire/writer.ts';

const PER_SECOND = 350;

/** SY18: two relay processes of ours on one Postgres and one Redis; each document's writer at one of them, its observer at the other. */
export const twoNodes: Row = {
  number: 12,
  title: 'two processes, writer at one and observer at the other, 350 edits/s',
  metrics: [
    { key: 'p50', what: 'p50, ms', digits: 2 },
    { key: 'p99', what: 'p99, ms', goal: { atMost: 25 }, digits: 2 },
    { key: 'delivered', what: 'delivered, %', goal: { atLeast: 100 }, digits: 1 },
    { key: 'afterCut', what: 'Redis away for 10 s of typing: all at the other after its return, s', goal: { atMost: 2 }, digits: 2 },
  ],
  async measure(bench, name) {
    const nothing = (why: string) => ({ figures: {}, instead: { p50: why, p99: why, delivered: why, afterCut: why } });
    if (name !== 'MarkCo') return nothing('one process');
    if (!redisServer) return nothing('no redis-server');
    const database = await bench.postgres.database();
    const redis = await startRedis();
    const start = async () =>
      new RelayProcess({ databaseUrl: database.url, port: await freePort(), env: { REDIS_URL: redis.url, NODE_ENV: 'production' } });
    const nodes = [await start(), await start()] as const;
    try {
      await Promise.all(nodes.map((node) => node.ready()));
      return await measurePair(nodes, redis, { ...database, quick: bench.quick });
    } finally {
      await Promise.all(nodes.map((node) => node.end('SIGTERM')));
      await redis.stop();
      await database.drop();
    }
  },
};

async function measurePair(
  [a, b]: readonly [RelayProcess, RelayProcess],
  redis: TestRedis,
  { db, owner, quick }: Pick<Parameters<typeof ourDocuments>[1], 'owner'> & { db: Parameters<typeof ourDocuments>[0]; quick: boolean },
) {
  const shape = quick ? { documents: 50, warm: 2, seconds: 3, cut: 3 } : { documents: 200, warm: 3, seconds: 8, cut: 10 };
  let latencies: number[] = [];
  const documents = await ourDocuments(db, { owner, port: a.port, count: shape.documents, secret: RELAY_SECRET });
  const clients = await Promise.all(
    documents.map(async (here, i) => {
      const there = { ...here, url: here.url.replace(`:${a.port}/`, `:${b.port}/`) };
      const [from, to] = i % 2 ? [there, here] : [here, there];
      const [author, observer] = await Promise.all([connectBench(from), connectBench(to)]);
      await Promise.all([author.state, observer.state]);
      const writer: Writer = makeWriter(author);
      writer.watch(observer, (ms) => latencies.push(ms));
      return { writer, sockets: [author.socket, observer.socket] };
    }),
  );
  const send = async (seconds: number) => {
    latencies = [];
    for (const { writer } of clients) writer.prepare(Math.ceil((PER_SECOND * seconds) / clients.length));
    const { sent } = await paced({ perSecond: PER_SECOND, seconds }, (n) => clients[n % clients.length]!.writer.send());
    return sent;
  };
  const type = async (seconds: number) => {
    const sent = await send(seconds);
    await settled(() => latencies.length >= sent, 5_000);
    return latencies.length / sent;
  };
  await type(shape.warm);
  const busy = watchGenerator();
  const delivered = await type(shape.seconds);
  const generator = busy();
  const times = { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  await redis.kill();
  const sent = await send(shape.cut);
  await redis.start();
  const back = performance.now();
  await settled(() => latencies.length >= sent, 60_000);
  const afterCut = latencies.length >= sent ? (performance.now() - back) / 1000 : Number.POSITIVE_INFINITY;
  for (const socket of clients.flatMap(({ sockets }) => sockets)) socket.end();
  return { figures: { ...times, delivered: delivered * 100, afterCut }, generator };
}
