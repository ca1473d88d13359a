import { randomUUID } from 'node:crypto';
import type { Db } from '@markco/db/client';
import { ticketToken } from '@markco/sync/sidecar/test-world';
import { writeStep1 } from '@markco/sync/wire/write-frame';
import * as encoding from 'lib0/encoding';

/** A document on a server under measurement, and how to speak of it. */
export interface BenchDocument {
  /** Its name on the server; for ours the row's id. */
  readonly id: string;
  readonly url: string;
  /** What to send first. */
  readonly hello: readonly Uint8Array[];
  /** Puts a y-websocket frame into the server's own wire. */
  wrap(frame: Uint8Array): Uint8Array;
  /** Offset of the y-websocket frame in what the server sends. */
  readonly head: number;
}

/** Whom our documents belong to. */
export interface Owner {
  readonly userId: string;
  readonly projectId: string;
}

const HELLO = writeStep1(Uint8Array.of(0));
const PROJECT = 'bench';

/** Makes a user and a project. */
export async function makeOwner(db: Db): Promise<Owner> {
  const user = await db.user.create({ data: { name: 'Bench' } });
  const project = await db.project.create({ data: { userId: user.id, slug: PROJECT, name: 'Bench' } });
  return { userId: user.id, projectId: project.id };
}

/** New, empty documents of ours, with a ticket in each address. */
export async function ourDocuments(
  db: Db,
  options: { owner: Owner; port: number; count: number; secret: string },
): Promise<BenchDocument[]> {
  const { owner, port, count, secret } = options;
  const rows = Array.from({ length: count }, () => ({ id: randomUUID(), docPath: `${randomUUID()}.md`, epoch: randomUUID() }));
  await db.document.createMany({ data: rows.map((row) => ({ ...row, ...owner, project: PROJECT, contentHash: '' })) });
  return Promise.all(
    rows.map(async ({ id, docPath, epoch }) => {
      const token = await ticketToken(secret, { documentId: id, ...owner, project: PROJECT, path: docPath, epoch }, { expiresInS: 7_200 });
      const url = `ws://127.0.0.1:${port}/sync/${owner.userId}/${PROJECT}/${docPath}?token=${token}`;
      return { id, url, hello: [HELLO], wrap: (frame: Uint8Array) => frame, head: 0 };
    }),
  );
}

/** A document in the plain y-websocket wire, made by asking for it. */
export function plainDocument(port: number): BenchDocument {
  const id = randomUUID();
  return { id, url: `ws://127.0.0.1:${port}/${id}`, hello: [HELLO], wrap: (frame) => frame, head: 0 };
}

/** The same on Hocuspocus, whose wire has the document's name before each frame and an authentication message first. */
export function hocuspocusDocument(port: number): BenchDocument {
  const id = randomUUID();
  const prefix = encoding.encode((encoder) => encoding.writeVarString(encoder, id));
  const wrap = (frame: Uint8Array) => Buffer.concat([prefix, frame]);
  const auth = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, '');
  });
  return { id, url: `ws://127.0.0.1:${port}/${id}`, hello: [wrap(auth), wrap(HELLO)], wrap, head: prefix.length };
}
