import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Postgres refuses a NOTIFY payload of 8,000 bytes and more. */
const MAX_PAYLOAD = 7500;
const CHUNK_BYTES = 5400;
/** Larger messages name a row instead. */
const MAX_MESSAGE = 1_000_000;
const MAX_OPEN = 200;

const frame = z.union([
  z.object({ m: z.unknown(), o: z.string().optional() }),
  z.object({ id: z.string(), n: z.number().int().min(1).max(200), i: z.number().int().min(0), c: z.string() }),
]);

/**
 * A message as one NOTIFY payload, or as several where it does not fit. Throws above 1 MB.
 * @param origin names the sender, which heard the message already
 */
export function toPayloads(message: unknown, origin?: string): string[] {
  const whole = JSON.stringify({ m: message, o: origin });
  const bytes = Buffer.from(whole);
  if (bytes.length <= MAX_PAYLOAD) return [whole];
  if (bytes.length > MAX_MESSAGE)
    throw new RangeError(`A bus message of ${bytes.length} bytes is too large: send the id of a row instead.`);
  const id = randomUUID();
  const n = Math.ceil(bytes.length / CHUNK_BYTES);
  return Array.from({ length: n }, (_, i) =>
    JSON.stringify({ id, n, i, c: bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES).toString('base64') }),
  );
}

/** A message as it was sent. */
export interface Received {
  readonly message: unknown;
  readonly origin: string | undefined;
}

/** Puts payloads together again. `take` returns the message once it is whole, else undefined; throws on what is no payload of ours. */
export function createAssembler() {
  const open = new Map<string, (Buffer | undefined)[]>();
  return {
    take(payload: string): Received | undefined {
      const part = frame.parse(JSON.parse(payload));
      if (!('c' in part)) return { message: part.m, origin: part.o };
      const parts = open.get(part.id) ?? new Array<Buffer | undefined>(part.n).fill(undefined);
      open.set(part.id, parts);
      parts[part.i] = Buffer.from(part.c, 'base64');
      if (parts.some((piece) => piece === undefined)) return forgetOldest(open);
      open.delete(part.id);
      const { m, o } = JSON.parse(Buffer.concat(parts as Buffer[]).toString()) as { m: unknown; o?: string };
      return { message: m, origin: o };
    },
    reset: () => open.clear(),
  };
}

// A sender that died half-way must not leave its pieces for ever.
function forgetOldest(open: Map<string, unknown>): undefined {
  if (open.size > MAX_OPEN) open.delete(open.keys().next().value as string);
  return undefined;
}
