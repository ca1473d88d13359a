import { crc32, deflateSync, inflateSync } from 'node:zlib';

const COLOURS = 96;

interface Picture {
  width: number;
  height: number;
  /** Bytes a pixel: 3 (RGB) or 4 (RGBA). */
  step: number;
  pixels: Uint8Array;
}

/** The same picture with at most 96 colours, as a PNG of a third of the size: pictures of a page have few colours. Transparency is dropped. */
export function smallPng(png: Buffer): Buffer {
  const picture = readPng(png);
  const { palette, indexes } = reduceColours(picture);
  const { width, height } = picture;
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) lines.set(indexes.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** Reads what Chromium writes: 8 bits a channel, not interlaced. */
function readPng(png: Buffer): Picture {
  const data: Buffer[] = [];
  let at = 8;
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const [width, height, step] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25] === 6 ? 4 : 3];
  return { width, height, step, pixels: unfilter(inflateSync(Buffer.concat(data)), width * step, height, step) };
}

function unfilter(raw: Buffer, stride: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const to = y * stride + x;
      const left = x >= step ? out[to - step]! : 0;
      const up = y > 0 ? out[to - stride]! : 0;
      const corner = x >= step && y > 0 ? out[to - stride - step]! : 0;
      out[to] = raw[y * (stride + 1) + 1 + x]! + predict(filter, left, up, corner);
    }
  }
  return out;
}

function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** Keeps the most frequent colours, told apart by five bits a channel; the others become the nearest of them. */
function reduceColours({ width, height, step, pixels }: Picture): { palette: number[][]; indexes: Uint8Array } {
  const counts = new Map<number, { count: number; exact: Map<number, number> }>();
  const keys = new Uint16Array(width * height);
  for (let i = 0; i < keys.length; i++) {
    const [r, g, b] = [pixels[i * step]!, pixels[i * step + 1]!, pixels[i * step + 2]!];
    const key = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
    keys[i] = key;
    const found = counts.get(key) ?? { count: 0, exact: new Map() };
    found.count += 1;
    const exact = (r << 16) | (g << 8) | b;
    found.exact.set(exact, (found.exact.get(exact) ?? 0) + 1);
    counts.set(key, found);
  }
  const kept = [...counts.values()].sort((a, b) => b.count - a.count).slice(0, COLOURS);
  const palette = kept.map(({ exact }) => {
    const [most] = [...exact].sort((a, b) => b[1] - a[1])[0]!;
    return [most >> 16, (most >> 8) & 255, most & 255];
  });
  const indexOf = new Map([...counts.keys()].map((key) => [key, nearest(palette, key)]));
  return { palette, indexes: Uint8Array.from(keys, (key) => indexOf.get(key)!) };
}

function nearest(palette: readonly number[][], key: number): number {
  const [r, g, b] = [((key >> 10) << 3) + 4, (((key >> 5) & 31) << 3) + 4, ((key & 31) << 3) + 4];
  const far = ([x, y, z]: readonly number[]): number => (x! - r) ** 2 + (y! - g) ** 2 + (z! - b) ** 2;
  let best = 0;
  for (let i = 1; i < palette.length; i++) if (far(palette[i]!) < far(palette[best]!)) best = i;
  return best;
}
