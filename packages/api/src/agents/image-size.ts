/** RU19: the pixel size stored with an image, so that a page does not jump when it loads. Null where the bytes do not say. */
export function imageSize(mimeType: string, bytes: Buffer): { width: number; height: number } | null {
  switch (mimeType.split(';')[0]) {
    case 'image/png':
      return bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47 ? size(bytes.readUInt32BE(16), bytes.readUInt32BE(20)) : null;
    case 'image/gif':
      return bytes.length >= 10 && bytes.toString('latin1', 0, 3) === 'GIF' ? size(bytes.readUInt16LE(6), bytes.readUInt16LE(8)) : null;
    case 'image/jpeg':
      return jpegSize(bytes);
    case 'image/svg+xml':
      return svgSize(bytes.toString('utf8', 0, 4096));
    default:
      return null;
  }
}

const size = (width: number, height: number) => (width > 0 && height > 0 ? { width, height } : null);

/** Walks the segments to the first start-of-frame. */
function jpegSize(bytes: Buffer) {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return size(bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5));
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

const UNITS: Record<string, number> = { '': 1, px: 1, pt: 4 / 3, in: 96 };

function svgSize(text: string) {
  const tag = /<svg\b[^>]*>/.exec(text)?.[0];
  if (!tag) return null;
  const measure = (name: string): number => {
    const found = new RegExp(`\\s${name}="([\\d.]+)([a-z]*)"`).exec(tag);
    return found ? Number(found[1]) * (UNITS[found[2]!] ?? 0) : 0;
  };
  const box = /\sviewBox="[\d.-]+[\s,]+[\d.-]+[\s,]+([\d.]+)[\s,]+([\d.]+)"/.exec(tag);
  return size(Math.round(measure('width') || Number(box?.[1] ?? 0)), Math.round(measure('height') || Number(box?.[2] ?? 0)));
}
