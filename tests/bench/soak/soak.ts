import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '@markco/db/client';
import { SeededRandom } from '../../lib/seeded-random.ts';
import { storedDocument, textOf, untilContent } from '../../lib/stored-document.ts';
import type { TypedDocument } from '../../lib/typist.ts';
import type { ProcessSample } from '../relay/servers/probe.ts';
import { Churn } from './churn.ts';
import { type SoakRelay, startSoakRelay } from './start-soak-relay.ts';

const MB = 1024 * 1024;
const EMPTY_HASH = createHash('sha256').digest('hex');
/** {@link SoakOptions.growth} after a warm-up of minutes. */
const GROWTH = 0.2;
/** Connections to the database come and go by themselves; a leak stays. */
const LET_GO_MS = 60_000;

export interface SoakOptions {
  readonly db: Db;
  readonly databaseUrl: string;
  readonly documents: number;
  readonly people: number;
  readonly warmUpMs: number;
  readonly churnMs: number;
  readonly unloadMs: number;
  /** Resident memory may be so much above what it was after the warm-up: a short one leaves much to be warmed up. */
  readonly growth?: number;
  /** A line of the table. */
  readonly every: { readonly ms: number; readonly tell: (line: SoakLine) => void };
}

/** The process at one moment. */
export interface SoakLine {
  readonly minutes: number;
  readonly people: number;
  readonly visits: number;
  readonly saved: number;
  readonly documents: number;
  readonly connections: number;
  readonly residentMb: number;
  readonly usedMb: number;
}

/**
 * SY16: churn on a real relay process. Afterwards, with nobody there, memory is back where it was after a warm-up, nothing of rooms and
 * sockets is left, and every document holds what was typed. Returns what is wrong; empty where all is right.
 */
export async function soak(options: SoakOptions): Promise<string[]> {
  const { db, databaseUrl } = options;
  const documents = await makeDocuments(db, options.documents);
  const relay = await startSoakRelay(databaseUrl, options.unloadMs);
  const began = performance.now();
  const random = new SeededRandom(Date.now());
  const churn = new Churn({ documents, port: relay.port, random, people: options.people });
  const tell = async () => options.every.tell(await line(relay, churn, (performance.now() - began) / 60_000));
  try {
    await round(churn, relay, options.warmUpMs);
    const base = await relay.probe.collected();
    await tell();
    const timer = setInterval(() => void tell().catch(() => {}), options.every.ms);
    await round(churn, relay, options.churnMs).finally(() => clearInterval(timer));
    const faults = await leftovers(relay, base, options.growth ?? GROWTH);
    await tell();
    faults.push(...(await wrongTexts(db, churn)));
    if ((await relay.stop()) !== 0) faults.push('the relay did not end with 0');
    return faults;
  } catch (error) {
    await relay.stop();
    throw error;
  }
}

/** Churn for a time, until everyone has left and every document is out of memory. */
async function round(churn: Churn, relay: SoakRelay, ms: number): Promise<void> {
  churn.start();
  await sleep(ms);
  await churn.empty();
  for (let left = await relay.probe.stats(); left.documents > 0 || left.connections > 0; left = await relay.probe.stats()) await sleep(100);
}

async function line({ probe }: SoakRelay, churn: Churn, minutes: number): Promise<SoakLine> {
  const { residentBytes, usedBytes } = await probe.sample();
  const { documents, connections } = await probe.stats();
  const { people, visits, saved } = churn;
  return {
    minutes,
    people,
    visits,
    saved,
    documents,
    connections,
    residentMb: residentBytes / MB,
    usedMb: usedBytes / MB,
  };
}

/** What was not there before and is there still, after some patience with what ends by itself. */
async function leftovers({ probe }: SoakRelay, base: ProcessSample, growth: number): Promise<string[]> {
  const until = performance.now() + LET_GO_MS;
  for (;;) {
    const now = await probe.collected();
    const counts = { ...(await probe.live()), ...(await probe.stats()) };
    const faults = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} left in memory: ${what}`]));
    for (const [kind, count] of Object.entries(now.resources)) {
      const before = base.resources[kind] ?? 0;
      if (count > before) faults.push(`${kind}: ${count}, before ${before}`);
    }
    if (now.residentBytes > base.residentBytes * (1 + growth)) {
      faults.push(`resident memory grew from ${(base.residentBytes / MB).toFixed(0)} to ${(now.residentBytes / MB).toFixed(0)} MB`);
    }
    if (faults.length === 0 || performance.now() > until) return faults;
    await sleep(500);
  }
}

/** Documents that do not hold what their typists wrote, in the state or in the text beside it (SY9). */
async function wrongTexts(db: Db, churn: Churn): Promise<string[]> {
  const faults: string[] = [];
  for (const [{ documentId }, ledger] of churn.ledgers) {
    const text = textOf(await storedDocument(db, documentId));
    faults.push(...ledger.faults(text).map((fault) => `${documentId}: ${fault}`));
    await untilContent(db, documentId, text, 60_000).catch(() => faults.push(`${documentId}: content_text is another`));
  }
  return faults;
}

async function makeDocuments(db: Db, count: number): Promise<TypedDocument[]> {
  const user = await db.user.create({ data: { name: 'Ada' } });
  const project = await db.project.create({ data: { userId: user.id, slug: 'soak', name: 'Soak' } });
  const owner = { userId: user.id, projectId: project.id, project: 'soak' };
  const refs = Array.from({ length: count }, (_, i) => ({ ...owner, documentId: randomUUID(), path: `note-${i}.md`, epoch: randomUUID() }));
  for (let at = 0; at < count; at += 1_000) {
    const rows = refs
      .slice(at, at + 1_000)
      .map(({ documentId, path, epoch }) => ({ ...owner, id: documentId, docPath: path, epoch, contentHash: EMPTY_HASH }));
    await db.document.createMany({ data: rows });
  }
  return refs;
}
