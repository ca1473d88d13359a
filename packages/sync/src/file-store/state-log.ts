import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
  /** A failed append may have left bytes after the good ones. */
  #mustCut = false;
  /** A sync failed: what the disk has of earlier bytes is not known any more, and syncing again would not say. */
  #suspect = false;

  constructor(file: string) {
    this.#path = file;
  }

  /** Bytes of good frames. */
  get size(): number {
    return this.#size;
  }

  /**
   * Reads every good frame and cuts off what comes after. What is cut off is kept beside the log: it may be more than a write that a crash
   * interrupted. Empty where there is no log.
   */
  async open(): Promise<Frame[]> {
    const bytes = await readFile(this.#path).catch(missing);
    if (!bytes) return [];
    const { frames, goodBytes } = decodeFrames(bytes);
    if (goodBytes < bytes.length) {
      await writeFile(`${this.#path}.cut-${goodBytes}`, bytes.subarray(goodBytes), { mode: 0o600 });
      await (await this.#open()).truncate(goodBytes);
    }
    this.#size = goodBytes;
    return frames;
  }

  /**
   * Appends the frames; with `sync` they are on disk when it resolves (SY4, FB8). On failure the log is as before and the error is thrown.
   * Returns an undo for a caller that fails elsewhere before anyone saw the frames.
   */
  async append(frames: readonly Frame[], sync: boolean): Promise<() => Promise<void>> {
    if (this.#suspect) await this.#renew();
    if (this.#mustCut) await this.#cut(this.#size);
    const before = this.#size;
    const bytes = Buffer.concat(frames.map(encodeFrame));
    try {
      await this.#write(bytes, before);
      this.#unsynced = true;
      if (sync) await this.sync();
    } catch (error) {
      await this.#cut(before).catch(() => undefined);
      throw error;
    }
    this.#size = before + bytes.length;
    return () => this.#cut(before);
  }

  async sync(): Promise<void> {
    if (!this.#unsynced) return;
    try {
      await (await this.#open()).datasync();
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
    this.#unsynced = false;
  }

  /** Replaces the whole log at once: a crash leaves the old one or the new one. `sync` false only for what can be made again. */
  rewrite(frames: readonly Frame[], sync = true): Promise<void> {
    return this.#replace(Buffer.concat(frames.map(encodeFrame)), sync);
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

  /** The same bytes in a new file, whose sync says something. */
  async #renew(): Promise<void> {
    const bytes = await readFile(this.#path);
    await this.#replace(bytes.subarray(0, this.#size), true);
  }

  async #replace(bytes: Buffer, sync: boolean): Promise<void> {
    const temp = `${this.#path}.new`;
    try {
      const handle = await open(temp, 'w', 0o600);
      try {
        await handle.writeFile(bytes);
        if (sync) await handle.sync();
      } finally {
        await handle.close();
      }
      await this.close();
      await rename(temp, this.#path);
    } catch (error) {
      await rm(temp, { force: true }).catch(() => undefined);
      throw error;
    }
    this.#size = bytes.length;
    this.#unsynced = false;
    this.#suspect = false;
    this.#mustCut = false;
    if (sync) await syncFolder(path.dirname(this.#path));
  }

  async #write(bytes: Buffer, at: number): Promise<void> {
    const handle = await this.#open();
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written);
      written += bytesWritten;
    }
  }

  /** Until it succeeds nothing may be appended: old bytes behind shorter new ones could be read as frames. */
  async #cut(size: number): Promise<void> {
    this.#mustCut = true;
    this.#size = size;
    await (await this.#open()).truncate(size);
    this.#mustCut = false;
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
