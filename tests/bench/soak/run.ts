import { startBenchPostgres } from '../relay/servers/bench-database.ts';
import { soak } from './soak.ts';

/** Half an hour (`SOAK_MINUTES`) of people coming and going over 10,000 documents. Ends non-zero where anything is lost or left behind. */
const minutes = Number(process.env.SOAK_MINUTES ?? 30);
// While Postgres ends nothing else may be going on, and Node would leave in the middle of the await.
setInterval(() => {}, 1_000);
const postgres = await startBenchPostgres();
const database = await postgres.database();

console.log(
  '| minute | people | visits | edits saved | documents open | sockets | resident MB | in use MB |\n|---|---|---|---|---|---|---|---|',
);
const faults = await soak({
  db: database.db,
  databaseUrl: database.url,
  documents: 10_000,
  people: 250,
  warmUpMs: Math.min(120_000, minutes * 12_000),
  churnMs: minutes * 60_000,
  unloadMs: 30_000,
  every: {
    ms: Math.min(60_000, minutes * 6_000),
    tell: ({ minutes: at, people, visits, saved, documents, connections, residentMb, usedMb }) =>
      console.log(
        `| ${[at.toFixed(1), people, visits, saved, documents, connections, residentMb.toFixed(0), usedMb.toFixed(0)].join(' | ')} |`,
      ),
  },
}).finally(async () => {
  await database.drop();
  await postgres.stop();
});
console.log(
  faults.length === 0
    ? '\nNothing was lost and nothing was left behind.'
    : `\n${faults.length} faults:\n- ${faults.slice(0, 50).join('\n- ')}`,
);
process.exit(faults.length === 0 ? 0 : 1);
