import { SeededRandom } from '../../../lib/seeded-random.ts';
import { TypingCrowd } from '../../../lib/typing-crowd.ts';
import { killPeer } from '../peer-kill.ts';
import { type Bench, type Reading, type Row, withServer } from '../row.ts';

const DOCUMENTS = 5;
const TYPISTS = 50;
const PER_SECOND = 500;

/** The process is killed with -9 under typists, again and again; what somebody was told is saved, or was shown, must be stored. */
export const kill: Row = {
  number: 1,
  title: 'kill −9 at random under 50 typists',
  rounds: 1,
  metrics: [
    { key: 'kills', what: 'kills' },
    { key: 'relayed', what: 'relayed edits lost', goal: { atMost: 0 } },
    { key: 'acknowledged', what: 'acknowledged edits lost', goal: { atMost: 0 } },
    { key: 'seen', what: 'of so many edits' },
  ],
  measure: (bench, name) => (name === 'MarkCo' ? killOurs(bench) : killPeer(bench, name, { documents: DOCUMENTS, typists: TYPISTS })),
};

function killOurs(bench: Bench): Promise<Reading> {
  const kills = Number(process.env.MARKCO_KILL_ROUNDS ?? (bench.quick ? 4 : 200));
  const random = new SeededRandom(Date.now());
  return withServer(bench, 'MarkCo', async (server, { db }) => {
    const { port } = server;
    const crowd = await TypingCrowd.gather({ db, port, random, documents: DOCUMENTS, typists: TYPISTS, perSecond: PER_SECOND });
    const faults: string[] = [];
    try {
      crowd.startTyping();
      for (let i = 0; i < kills; i++) {
        await crowd.untilSaved(random.int(20, 150));
        await server.kill('SIGKILL');
        await crowd.untilCutOff();
        faults.push(...(await crowd.faults()));
        crowd.replaceOne();
        await server.restart();
        // Whom the kill may meet in the middle of loading.
        if (random.chance(0.3)) await server.restart('SIGKILL');
        if (i % 20 === 19) console.error(`  ${i + 1} of ${kills} kills, ${crowd.saved} edits saved, ${faults.length} faults`);
      }
      faults.push(...(await crowd.settle()));
      return report(faults, { kills, seen: crowd.made });
    } finally {
      crowd.close();
    }
  });
}

function report(faults: readonly string[], { kills, seen }: { kills: number; seen: number }): Reading {
  const count = (what: string) => faults.filter((fault) => fault.includes(what)).length;
  const [relayed, acknowledged] = [count('was relayed and is lost'), count('was acknowledged')];
  const others = faults.filter((fault) => !/was relayed and is lost|was acknowledged/.test(fault));
  return {
    figures: { kills, relayed, acknowledged, seen },
    ...(others.length > 0 && { remark: `${others.length} other faults, the first: ${others[0]}.` }),
  };
}
