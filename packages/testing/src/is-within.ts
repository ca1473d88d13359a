import * as Y from 'yjs';

/** True where `part` holds nothing, deletions included, that `whole` does not. `whole` takes it in. */
export function isWithin(part: Y.Doc, whole: Y.Doc): boolean {
  let grew = false;
  const onUpdate = () => {
    grew = true;
  };
  whole.on('update', onUpdate);
  Y.applyUpdate(whole, Y.encodeStateAsUpdate(part));
  whole.off('update', onUpdate);
  return !grew;
}
