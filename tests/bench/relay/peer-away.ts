import { setTimeout as sleep } from 'node:timers/promises';
import { countLost, sitDown } from './peer-books.ts';
import type { Reading } from './row.ts';
import type { BenchPostgres } from './servers/bench-database.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { paced } from './wire/paced.ts';

/** Longer than a peer waits at most before it stores. */
const STORE_MS = 14_000;

/** The same for a peer: half of the people go while the database is away, with everything they wrote called taken. */
export async function awayPeer(server: BenchServer, postgres: BenchPostgres, seconds: number): Promise<Reading> {
  const typists = await sitDown(server, { documents: 10, typists: 20 });
  const type = (length: number, among = typists) =>
    paced({ perSecond: 200, seconds: length }, (n) => among[n % among.length]!.writer.send());
  await type(2);
  await postgres.away();
  await type(seconds / 2);
  const [gone, stay] = [typists.filter((_, i) => i < typists.length / 2), typists.filter((_, i) => i >= typists.length / 2)];
  for (const { client, watcher } of gone) {
    client.socket.end();
    watcher.socket.end();
  }
  await type(seconds / 2, stay);
  await postgres.back();
  await sleep(STORE_MS);
  const alive = server.isAlive ? 1 : 0;
  await server.restart();
  const { acknowledged, sent } = await countLost(typists);
  const instead = { drained: 'never told', thawed: 'not tried' };
  return { figures: { acknowledged, alive }, instead, remark: `${sent} edits typed, half of the typists left meanwhile.` };
}
