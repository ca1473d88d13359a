import * as Y from 'yjs';
import { BadFrame } from './bad-frame.ts';
import type { StructRange } from './check-update.ts';

// Yjs deletes and collects types within types recursively, and tells every ancestor of a change of it.
const MAX_DEPTH = 100;

/**
 * SY14: what can be told only once structs are in their place. Yjs takes them, but whoever touched them later would overflow its stack
 * (types nested too deeply) or meet an error (a key with a value of several parts). Throws {@link BadFrame}.
 */
export function checkStructs(doc: Y.Doc, ranges: readonly StructRange[]): void {
  for (const { client, from, to } of ranges) {
    const structs = doc.store.clients.get(client) ?? [];
    for (let i = Y.findIndexSS(structs, from); i < structs.length && structs[i]!.id.clock < to; i++) {
      const struct = structs[i]!;
      if (!(struct instanceof Y.Item) || struct.deleted) continue;
      if (struct.parentSub !== null && struct.length > 1) throw new BadFrame('a key has more than one value');
      if (struct.content instanceof Y.ContentType && depthOf(struct) > MAX_DEPTH) throw new BadFrame('types are nested too deeply');
    }
  }
}

function depthOf(item: Y.Item): number {
  let depth = 1;
  for (let at = typeItem(item); at !== null && depth <= MAX_DEPTH; at = typeItem(at)) depth++;
  return depth;
}

/** The item that holds the type an item is in; null at the root. */
const typeItem = (item: Y.Item): Y.Item | null => (item.parent as Y.AbstractType<unknown>)._item;
