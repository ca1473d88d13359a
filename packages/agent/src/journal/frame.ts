import { crc32 } from 'node:zlib';

const HEAD_BYTES = 8;

/** One record on disk: u32 length, u32 CRC-32, then JSON in UTF-8; little endian. */
export function encodeRecord(record: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(record), 'utf8');
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(payload), 4);
  payload.copy(bytes, HEAD_BYTES);
  return bytes;
}

/** The records up to the first that was cut off or damaged, and how many bytes they take. */
export function decodeRecords(bytes: Buffer): { records: unknown[]; goodBytes: number } {
  const records: unknown[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + HEAD_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break;
    try {
      records.push(JSON.parse(payload.toString('utf8')));
    } catch {
      break;
    }
    at = end;
  }
  return { records, goodBytes: at };
}
