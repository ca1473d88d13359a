import { SeededRandom } from '../../lib/seeded-random.ts';
import { countLost, sitDown } from './peer-books.ts';
import { type Bench, type Reading, withServer } from './row.ts';
import type { ServerName } from './servers/bench-server.ts';
import { paced, settled } from './wire/paced.ts';

const PER_SECOND = 500;

/** Typists on a peer, a kill, and a new process asked what it has; a few times. */
export function killPeer(bench: Bench, name: ServerName, shape: { documents: number; typists: number }): Promise<Reading> {
  const kills = bench.quick ? 2 : 8;
  const random = new SeededRandom(Date.now());
  return withServer(bench, name, async (server) => {
    const figures = { kills, relayed: 0, acknowledged: 0, seen: 0 };
    for (let i = 0; i < kills; i++) {
      const typists = await sitDown(server, shape);
      await paced({ perSecond: PER_SECOND, seconds: random.int(1_000, 4_000) / 1000 }, (n) => typists[n % typists.length]!.writer.send());
      await server.kill('SIGKILL');
      await settled(() => typists.every(({ client }) => client.socket.stream.destroyed), 10_000);
      await server.restart();
      const lost = await countLost(typists);
      figures.relayed += lost.relayed;
      figures.acknowledged += lost.acknowledged;
      figures.seen += lost.sent;
    }
    return { figures, ...(name === 'y-websocket 2' && { instead: { acknowledged: 'never acknowledged' } }) };
  });
}
