/** The part of Electron's safeStorage this needs (the asynchronous calls). */
export interface SafeStorageLike {
  isAsyncEncryptionAvailable(): Promise<boolean>;
  encryptStringAsync(text: string): Promise<Buffer>;
  decryptStringAsync(bytes: Buffer): Promise<{ result: string }>;
  getSelectedStorageBackend?(): string;
}

export interface FileLike {
  read(): Promise<Buffer | null>;
  write(bytes: Buffer): Promise<void>;
  remove(): Promise<void>;
}

export type TokenSafety = 'encrypted' | 'memory_only';

/**
 * EL2: the desktop's tokens, encrypted by the operating system. Where only `basic_text` exists (Linux without a keyring) they
 * stay in memory unless the person accepted the plain form, and {@link safety} says so.
 */
export class TokenStore {
  readonly #storage: SafeStorageLike;
  readonly #file: FileLike;
  readonly #acceptPlain: () => boolean;
  #memory: string | null = null;

  constructor(storage: SafeStorageLike, file: FileLike, acceptPlain: () => boolean) {
    this.#storage = storage;
    this.#file = file;
    this.#acceptPlain = acceptPlain;
  }

  /** How well tokens are kept here. */
  async safety(): Promise<TokenSafety> {
    if (!(await this.#storage.isAsyncEncryptionAvailable())) return 'memory_only';
    return this.#isPlain() && !this.#acceptPlain() ? 'memory_only' : 'encrypted';
  }

  /** True where only the plain form could be kept: the person may accept it. */
  async plainOnly(): Promise<boolean> {
    return this.#isPlain() && (await this.#storage.isAsyncEncryptionAvailable());
  }

  async load(): Promise<string | null> {
    if (this.#memory !== null) return this.#memory;
    if ((await this.safety()) === 'memory_only') return null;
    const bytes = await this.#file.read();
    if (!bytes) return null;
    try {
      return (await this.#storage.decryptStringAsync(bytes)).result;
    } catch {
      // Another user's or another machine's file: signing in again replaces it.
      return null;
    }
  }

  async save(tokens: string): Promise<TokenSafety> {
    const safety = await this.safety();
    this.#memory = tokens;
    if (safety === 'encrypted') await this.#file.write(await this.#storage.encryptStringAsync(tokens));
    return safety;
  }

  /** The person's choice changed: what is held is written, or the file goes. */
  async settle(): Promise<void> {
    const tokens = this.#memory ?? (await this.load());
    if (tokens !== null && (await this.safety()) === 'encrypted') await this.save(tokens);
    else if (this.#isPlain()) await this.#file.remove();
  }

  async clear(): Promise<void> {
    this.#memory = null;
    await this.#file.remove();
  }

  #isPlain(): boolean {
    return this.#storage.getSelectedStorageBackend?.() === 'basic_text';
  }
}
