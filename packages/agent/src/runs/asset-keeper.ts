import { createHash } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseAssetPath } from '@markco/core/project/doc-path';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { Log } from '@markco/sync/log';
import { isMissing, writeAtomic } from '../config/atomic-file.ts';
import type { Journal } from '../journal/journal.ts';
import { reason } from '../log.ts';
import { imageSize } from './image-size.ts';
import type { AssetFolder } from './runtime-pool.ts';

/** RU18: assets of one run, in bytes. */
export const MAX_RUN_ASSET_BYTES = 50 * 1024 * 1024;

const ENDINGS: Record<string, string> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'image/svg+xml': '.svg',
  'text/html': '.html',
  'text/plain': '.txt',
  'text/markdown': '.md',
  'text/csv': '.csv',
  'application/json': '.json',
  'application/pdf': '.pdf',
};

type AssetBody = Extract<RunEventBody, { kind: 'asset' }>;

/** RU19: what one run made besides text: spooled for the upload, and images also as files in the project. */
export class AssetKeeper {
  readonly #runId: string;
  readonly #journal: Journal;
  readonly #folder: AssetFolder | null;
  readonly #log: Log;
  #bytes = 0;
  #seen = new Set<string>();

  constructor(options: { runId: string; journal: Journal; folder: AssetFolder | null; log: Log }) {
    this.#runId = options.runId;
    this.#journal = options.journal;
    this.#folder = options.folder;
    this.#log = options.log;
  }

  /** The event that stands for the bytes, or null when the run has made 50 MB already. The id is the SHA-256. */
  async keep(
    bytes: Buffer,
    mimeType: string,
    about: { alt?: string | undefined; name?: string | undefined } = {},
  ): Promise<AssetBody | null> {
    const assetId = createHash('sha256').update(bytes).digest('hex');
    if (!this.#seen.has(assetId)) {
      if (this.#bytes + bytes.length > MAX_RUN_ASSET_BYTES) return null;
      this.#bytes += bytes.length;
      this.#seen.add(assetId);
    }
    const name = about.name ?? `${assetId.slice(0, 16)}${ENDINGS[mimeType] ?? '.bin'}`;
    this.#journal.assets.put(this.#runId, assetId, { bytes, mimeType, name });
    const file = mimeType.startsWith('image/')
      ? await this.#toProject(bytes, `${assetId.slice(0, 16)}${ENDINGS[mimeType] ?? '.bin'}`)
      : null;
    return {
      kind: 'asset',
      assetId,
      mimeType,
      size: bytes.length,
      name,
      ...imageSize(bytes),
      ...(file && { path: file }),
      ...(about.alt && { alt: about.alt.slice(0, 2_000) }),
    };
  }

  /** The file's path in the project, or null where it cannot be written: the asset itself is safe. Named by content, so a repeat writes nothing. */
  async #toProject(bytes: Buffer, name: string): Promise<string | null> {
    if (!this.#folder) return null;
    const relative = parseAssetPath(path.posix.join(this.#folder.directory, name));
    if (!relative.ok) return null;
    const file = path.join(this.#folder.root, ...relative.path.split('/'));
    try {
      await mkdir(path.dirname(file), { recursive: true });
      const [root, dir] = await Promise.all([realpath(this.#folder.root), realpath(path.dirname(file))]);
      if (dir !== root && !dir.startsWith(root + path.sep)) return null;
      if (!(await hasSize(file, bytes.length))) await writeAtomic(file, bytes, 0o644);
      return relative.path;
    } catch (error) {
      this.#log.warn({ run_id: this.#runId, reason: reason(error) }, 'an image could not be written into the project');
      return null;
    }
  }
}

async function hasSize(file: string, size: number): Promise<boolean> {
  try {
    return (await stat(file)).size === size;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
