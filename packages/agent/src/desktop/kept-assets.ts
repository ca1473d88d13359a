/** Bytes of what runs made besides text, in memory: 100 MB, the oldest go first. Images are files of the project besides (RU19). */
export class KeptAssets {
  readonly #all = new Map<string, { bytes: Buffer; mimeType: string }>();
  readonly #max: number;
  #size = 0;

  constructor(maxBytes = 100 * 1024 * 1024) {
    this.#max = maxBytes;
  }

  keep(assetId: string, asset: { bytes: Buffer; mimeType: string } | null): void {
    if (!asset || this.#all.has(assetId)) return;
    this.#all.set(assetId, { bytes: asset.bytes, mimeType: asset.mimeType });
    this.#size += asset.bytes.length;
    for (const [id, { bytes }] of this.#all) {
      if (this.#size <= this.#max) return;
      this.#all.delete(id);
      this.#size -= bytes.length;
    }
  }

  get(assetId: string): { bytes: Buffer; mimeType: string } | null {
    return this.#all.get(assetId) ?? null;
  }
}
