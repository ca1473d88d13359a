import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** Where a frame comes from. `node`: 16 hex digits, new with every start of a process. `epoch`: the document's history, '' where none is meant. */
interface Origin {
  readonly node: string;
  readonly epoch: string;
}

/**
 * What relay processes say to each other (SY18); which document it is about is the channel's name. `version` counts the
 * updates the store ever took of the document.
 */
export type NodeFrame = Origin &
  (
    | { readonly kind: 'updates' /** After the last of these. */; readonly version: number; readonly updates: readonly Uint8Array[] }
    /** The document is at this version: whoever is behind reads it. */
    | { readonly kind: 'head'; readonly version: number }
    /** The text of this version is stored (SY9). */
    | { readonly kind: 'saved'; readonly version: number }
    /** Cursors of one person's sockets on that node: an awareness payload of y-protocols. */
    | { readonly kind: 'awareness'; readonly userId: string; readonly payload: Uint8Array }
    /** Asks who is in the document on other nodes. */
    | { readonly kind: 'who' }
    /** The node lives; the node ends. */
    | { readonly kind: 'hello' }
    | { readonly kind: 'bye' }
  );

const FORMAT = 1;
const NODE_BYTES = 8;
const KINDS = ['updates', 'head', 'saved', 'awareness', 'who', 'hello', 'bye'] as const satisfies readonly NodeFrame['kind'][];

/** A frame as bytes. */
export function encodeNodeFrame(frame: NodeFrame): Uint8Array {
  return encoding.encode((out) => {
    encoding.writeUint8(out, FORMAT);
    encoding.writeUint8(out, KINDS.indexOf(frame.kind));
    encoding.writeUint8Array(out, Buffer.from(frame.node, 'hex'));
    encoding.writeVarString(out, frame.epoch);
    if ('version' in frame) encoding.writeVarUint(out, frame.version);
    if (frame.kind === 'updates') {
      encoding.writeVarUint(out, frame.updates.length);
      for (const update of frame.updates) encoding.writeVarUint8Array(out, update);
    }
    if (frame.kind === 'awareness') {
      encoding.writeVarString(out, frame.userId);
      encoding.writeVarUint8Array(out, frame.payload);
    }
  });
}

/** Reads a frame; null where it is none of ours, cut off, or of another format (an older or newer release). */
export function decodeNodeFrame(bytes: Uint8Array): NodeFrame | null {
  try {
    const input = decoding.createDecoder(bytes);
    if (decoding.readUint8(input) !== FORMAT) return null;
    const kind = KINDS[decoding.readUint8(input)];
    if (!kind || bytes.length < input.pos + NODE_BYTES) return null;
    const node = Buffer.from(decoding.readUint8Array(input, NODE_BYTES)).toString('hex');
    const origin = { node, epoch: decoding.readVarString(input) };
    const frame = readBody(input, kind, origin);
    return decoding.hasContent(input) ? null : frame;
  } catch {
    return null;
  }
}

function readBody(input: decoding.Decoder, kind: NodeFrame['kind'], origin: Origin): NodeFrame {
  switch (kind) {
    case 'updates': {
      const version = decoding.readVarUint(input);
      const count = decoding.readVarUint(input);
      if (count > input.arr.length || count > version) throw new RangeError('more updates than can be');
      return { ...origin, kind, version, updates: Array.from({ length: count }, () => readBytes(input)) };
    }
    case 'head':
    case 'saved':
      return { ...origin, kind, version: decoding.readVarUint(input) };
    case 'awareness':
      return { ...origin, kind, userId: decoding.readVarString(input), payload: readBytes(input) };
    default:
      return { ...origin, kind };
  }
}

function readBytes(input: decoding.Decoder): Uint8Array {
  const length = decoding.readVarUint(input);
  if (input.pos + length > input.arr.length) throw new RangeError('cut off');
  return decoding.readUint8Array(input, length);
}
