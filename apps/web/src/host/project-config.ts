import type { DocumentView } from '@markco/core/contract/projects';
import type { ProjectConfig } from '@markco/core/project/mrmd-config';
import { createLive } from '@markco/editor/live';

/** What of `mrmd.md` was read last: which state of which document, and its text. */
export interface KeptConfig {
  version: string;
  text: string;
}

export interface ProjectConfigSource {
  /** The text of a document, from the server. */
  read(documentId: string): Promise<string>;
  kept(): Promise<KeptConfig | undefined>;
  keep(config: KeptConfig): void;
  /** Longest wait of {@link ProjectConfigFollower.ready}, in ms. */
  patienceMs?: number;
}

/** Long enough for a server that answers; a tap must soon be kept on this device (RU2). */
const PATIENCE_MS = 2_000;

/** AG4, RU3: what the project's `mrmd.md` says, read again when the list of documents shows another state of it, and kept for offline. */
export class ProjectConfigFollower {
  /** Null until it is known, and where there is no `mrmd.md`. */
  readonly live = createLive<ProjectConfig | null>(null);
  readonly #source: ProjectConfigSource;
  readonly #listed: Promise<void>;
  #onListed!: () => void;
  #version: string | null = null;
  #reading: Promise<void> = Promise.resolve();

  constructor(source: ProjectConfigSource) {
    this.#source = source;
    this.#listed = new Promise((resolve) => {
      this.#onListed = resolve;
    });
  }

  /** The list of documents as it is now. */
  see(documents: readonly DocumentView[]): void {
    const found = documents.find(({ path, deletedAt }) => path === 'mrmd.md' && !deletedAt);
    const version = found ? `${found.id} ${found.contentHash}` : '';
    if (version !== this.#version) {
      this.#version = version;
      this.#reading = found ? this.#follow(found.id, version) : Promise.resolve(this.live.set(null));
    }
    this.#onListed();
  }

  /** Resolves when `live` says what the newest list leads to, or after a short while where the server does not answer. Never rejects. */
  async ready(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#source.patienceMs ?? PATIENCE_MS);
    });
    await Promise.race([this.#listed.then(() => this.#reading), late]);
    clearTimeout(timer);
  }

  async #follow(documentId: string, version: string): Promise<void> {
    const kept = await this.#source.kept().catch(() => undefined);
    if (kept && (kept.version === version || this.live.get() === null)) await this.#take(kept.text, version);
    if (kept?.version === version) return;
    try {
      const text = await this.#source.read(documentId);
      this.#source.keep({ version, text });
      await this.#take(text, version);
    } catch {
      // Offline: what it said last stands, and the next list asks again.
      if (this.#version === version) this.#version = null;
    }
  }

  /** The YAML parser loads with the first `mrmd.md`, not with the page (WB9). */
  async #take(text: string, version: string): Promise<void> {
    const { parseMrmdConfig } = await import('@markco/core/project/mrmd-config');
    if (this.#version === version) this.live.set(parseMrmdConfig(text).config);
  }
}
