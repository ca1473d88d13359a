import * as local from '../host/local-db.ts';

/** Deletes a database; another tab that has it open keeps it until it closes, which must not keep this one waiting. */
const deleteDatabase = (name: string): Promise<void> =>
  new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });

/** Takes everything of the person out of this browser: kept documents, lists, waiting runs, the shell. */
export async function forgetBrowserData(): Promise<void> {
  await local.clear();
  const known = (await indexedDB.databases?.().catch(() => [])) ?? [];
  await Promise.all(known.filter(({ name }) => name?.startsWith('markco-doc:')).map(({ name }) => deleteDatabase(name!)));
  localStorage.clear();
  navigator.serviceWorker?.controller?.postMessage('forget');
}

/** What this browser keeps: documents, and edits that the server does not have yet. */
export async function keptHere(): Promise<{ documents: number; unsaved: number; bytes: number | null }> {
  const known = (await indexedDB.databases?.().catch(() => [])) ?? [];
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  return {
    documents: new Set(known.flatMap(({ name }) => (name?.startsWith('markco-doc:') ? [name.split(':')[1]] : []))).size,
    unsaved: await local.unsavedEdits(),
    bytes: estimate?.usage ?? null,
  };
}
