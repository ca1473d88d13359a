import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What is uploaded before the event that names it is sent (RU19). */
export interface SpooledAsset {
  bytes: Buffer;
  mimeType: string;
  name?: string | undefined;
}

/** Asset bytes of runs that wait for their upload: `<run>/<sha256>` and a `.json` beside each. */
export class AssetSpool {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  put(runId: string, assetId: string, asset: SpooledAsset): void {
    mkdirSync(path.join(this.#dir, runId), { recursive: true, mode: 0o700 });
    writeFileSync(this.#file(runId, assetId), asset.bytes, { mode: 0o600 });
    writeFileSync(`${this.#file(runId, assetId)}.json`, JSON.stringify({ mimeType: asset.mimeType, name: asset.name }), { mode: 0o600 });
  }

  /** Null where it was uploaded already. */
  get(runId: string, assetId: string): SpooledAsset | null {
    try {
      const about = JSON.parse(readFileSync(`${this.#file(runId, assetId)}.json`, 'utf8')) as { mimeType: string; name?: string };
      return { bytes: readFileSync(this.#file(runId, assetId)), mimeType: about.mimeType, name: about.name };
    } catch {
      return null;
    }
  }

  drop(runId: string, assetId: string): void {
    rmSync(`${this.#file(runId, assetId)}.json`, { force: true });
    rmSync(this.#file(runId, assetId), { force: true });
  }

  dropRun(runId: string): void {
    rmSync(path.join(this.#dir, runId), { recursive: true, force: true });
  }

  #file(runId: string, assetId: string): string {
    if (!/^[0-9a-f]{64}$/.test(assetId)) throw new Error('An asset id is a SHA-256 in hex.');
    return path.join(this.#dir, runId, assetId);
  }
}
