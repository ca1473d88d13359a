import { call } from './bridge.ts';

const KEEP = 60;

/** Addresses of pictures: bytes from the agent as `blob:`, the oldest given back. */
export class AssetUrls {
  readonly #root: string;
  readonly #urls = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Null where it cannot be had. Files of the folder may change, so they are read each time; assets are named by content. */
  async get({ assetId, path, documentId }: { assetId?: string; path?: string; documentId: string }): Promise<string | null> {
    if (!assetId && path && /^(?:https|data|blob):/i.test(path)) return path;
    const key = assetId ?? `${documentId}:${path}`;
    const known = assetId ? this.#urls.get(key) : undefined;
    if (known) return known;
    const asset = await call('readAsset', { root: this.#root, documentId, ...(assetId && { assetId }), ...(path && { path }) });
    if (!asset) return null;
    const url = URL.createObjectURL(new Blob([new Uint8Array(asset.bytes)], { type: asset.mimeType }));
    this.#keep(key, url);
    return url;
  }

  close(): void {
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
  }

  #keep(key: string, url: string): void {
    const older = this.#urls.get(key);
    this.#urls.delete(key);
    this.#urls.set(key, url);
    // What the page shows now may still be loading from it.
    if (older) setTimeout(() => URL.revokeObjectURL(older), 10_000);
    for (const [oldest, its] of this.#urls) {
      if (this.#urls.size <= KEEP) return;
      this.#urls.delete(oldest);
      URL.revokeObjectURL(its);
    }
  }
}
