import type { FileHandle } from 'node:fs/promises';
import { copyFile, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { decodeFrames, encodeFrame, type Frame } from './log-frame.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Append-only log of one document's state (SY11): a frame is there whole or not at all, whenever the machine stops. One caller at a time:
 * the document's own queue orders all calls.
 */
export class StateLog {
  readonly #path: string;
  #handle: FileHandle | null = null;
  #size = 0;
  /** Bytes written since the last sync to disk. */
  #unsynced = false;

  constructor(file: string) {
    this.#path = file;
  }

  /** Bytes of good frames. */
  get size(): number {
    return this.#size;
  }

  /** Reads every good frame and cuts off what a crash left behind. Damaged bytes are kept beside the log, never overwritten. Empty where there is no log. */
  async open(): Promise<Frame[]> {
    const bytes = await readFile(this.#path).catch(missing);
    if (!bytes) return [];
    const { frames, goodBytes, damaged } = decodeFrames(bytes);
    if (damaged) await copyFile(this.#path, `${this.#path}.damaged-${goodBytes}`);
    if (goodBytes < bytes.length) await (await this.#open()).truncate(goodBytes);
    this.#size = goodBytes;
    return frames;
  }

  /**
   * Appends the frames; with `sync` they are on disk when it resolves (SY4, FB8). On failure the log is as before and the error is thrown.
   * Returns an undo for a caller that fails elsewhere before anyone saw the frames.
   */
  async append(frames: readonly Frame[], sync: boolean): Promise<() => Promise<void>> {
    const before = this.#size;
    const bytes = Buffer.concat(frames.map(encodeFrame));
    const undo = async (): Promise<void> => {
      await (await this.#open()).truncate(before);
      this.#size = before;
    };
    try {
      const handle = await this.#open();
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, before + written);
        written += bytesWritten;
      }
      this.#unsynced = true;
      if (sync) await this.sync();
    } catch (error) {
      await undo().catch(() => undefined);
      throw error;
    }
    this.#size = before + bytes.length;
    return undo;
  }

  async sync(): Promise<void> {
    if (!this.#unsynced) return;
    await (await this.#open()).datasync();
    this.#unsynced = false;
  }

  /** Replaces the whole log at once: a crash leaves the old one or the new one. `sync` false only for what can be made again. */
  async rewrite(frames: readonly Frame[], sync = true): Promise<void> {
    const bytes = Buffer.concat(frames.map(encodeFrame));
    const temp = `${this.#path}.new`;
    const handle = await open(temp, 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
    await this.close();
    await rename(temp, this.#path);
    if (sync) await syncFolder(path.dirname(this.#path));
    this.#size = bytes.length;
    this.#unsynced = false;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
    this.#size = 0;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    // 'a' would ignore positions; 'r+' needs the file.
    const flag = await open(this.#path, 'r+').catch(missing);
    if (flag) {
      this.#handle = flag;
    } else {
      this.#handle = await open(this.#path, 'w+', 0o600);
      await syncFolder(path.dirname(this.#path));
    }
    return this.#handle;
  }
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
