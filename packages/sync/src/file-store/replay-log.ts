import * as Y from 'yjs';
import { z } from 'zod';
import { type Base, decodeBase, decodeMerge, encodeBase } from './base-frame.ts';
import { FRAME, type Frame } from './log-frame.ts';

const headerShape = z.object({ documentId: z.string(), epoch: z.string(), path: z.string() });
export type LogHeader = z.infer<typeof headerShape>;

/** What a log amounts to. */
export interface Replayed {
  readonly header: LogHeader | null;
  readonly doc: Y.Doc;
  /** False while only the text is known and the server's state was not fetched yet (FB3). */
  readonly hasState: boolean;
  readonly base: Base | null;
  /** A write to the file that was announced and not confirmed: it happened where the file now has this hash (FB6). */
  readonly intent: Base | null;
  readonly agreed: string | null;
}

/** Plays the frames from the first on. Bases are chained: each is written as a difference from the one before. */
export function replayLog(frames: readonly Frame[]): Replayed {
  const doc = new Y.Doc();
  const state: { header: LogHeader | null; hasState: boolean; base: Base | null; intent: Base | null; agreed: string | null } = {
    header: null,
    hasState: false,
    base: null,
    intent: null,
    agreed: null,
  };
  const updates: Uint8Array[] = [];
  for (const { kind, payload } of frames) {
    const previous = state.base?.text ?? '';
    if (kind === FRAME.header) state.header = headerShape.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
    else if (kind === FRAME.snapshot) Y.applyUpdateV2(doc, payload);
    else if (kind === FRAME.update) updates.push(payload);
    else if (kind === FRAME.base) state.base = decodeBase(payload, previous);
    else if (kind === FRAME.intent) state.intent = decodeBase(payload, previous);
    else if (kind === FRAME.agreed) state.agreed = decodeBase(payload, previous).text;
    else if (kind === FRAME.done && state.intent) {
      state.base = state.intent;
      state.intent = null;
    } else if (kind === FRAME.merge) {
      const merged = decodeMerge(payload, previous);
      updates.push(merged.update);
      state.base = merged.base;
      state.intent = null;
    }
    if (kind === FRAME.snapshot || kind === FRAME.update || kind === FRAME.merge) state.hasState = true;
  }
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  return { ...state, doc };
}

/** The shortest log that says the same. `state` null: the server's state is not here yet. */
export function freshLog(header: LogHeader, state: Uint8Array | null, base: Base | null, agreed: string | null): Frame[] {
  const frames: Frame[] = [{ kind: FRAME.header, payload: Buffer.from(JSON.stringify(header), 'utf8') }];
  if (state) frames.push({ kind: FRAME.snapshot, payload: state });
  if (base) frames.push({ kind: FRAME.base, payload: encodeBase(base, '') });
  if (agreed !== null) frames.push({ kind: FRAME.agreed, payload: encodeBase({ text: agreed, hash: null }, base?.text ?? '') });
  return frames;
}
