const FIN_BINARY = 0x82;

let lastPayload: Uint8Array | null = null;
let lastFrame: Buffer | null = null;

/**
 * A binary WebSocket frame as a server sends it: header and payload in one buffer, which is one write. The frame of the last payload
 * is remembered: what goes to many is made once (SY13).
 */
export function wsFrame(payload: Uint8Array): Buffer {
  if (lastFrame && payload === lastPayload) return lastFrame;
  const frame = makeFrame(payload);
  lastPayload = payload;
  lastFrame = frame;
  // A large one must not stay in memory for this: all whom it goes to are written to in this turn.
  if (payload.length > 65_536) process.nextTick(forget);
  return frame;
}

function forget(): void {
  lastPayload = null;
  lastFrame = null;
}

function makeFrame(payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = FIN_BINARY;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUIntBE(0, 2, 2);
    frame.writeUIntBE(length, 4, 6);
  }
  frame.set(payload, head);
  return frame;
}
