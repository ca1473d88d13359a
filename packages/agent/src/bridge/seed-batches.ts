import { utf8Length } from '@markco/core/document/utf8';

const MAX_ITEMS = 50;
const MAX_BYTES = 1_000_000;

/** FB3: items in batches of at most 50 and 1 MB; a larger one goes alone. */
export function* seedBatches<T extends { text: string }>(items: Iterable<T>): Iterable<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = utf8Length(item.text);
    if (batch.length > 0 && (batch.length === MAX_ITEMS || bytes + size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
