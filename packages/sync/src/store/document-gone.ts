/** SY4: an append named documents whose rows no longer exist; nothing of it was stored. Trying again cannot help them. */
export class DocumentGone extends Error {
  readonly documentIds: readonly string[];

  constructor(documentIds: readonly string[]) {
    super(`${documentIds.length} document(s) no longer exist in the store; updates for them were not saved.`);
    this.name = 'DocumentGone';
    this.documentIds = documentIds;
  }
}
