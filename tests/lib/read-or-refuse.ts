import { BadFrame } from '@markco/sync/relay/bad-frame';
import { type ClientFrame, readFrame } from '@markco/sync/relay/read-frame';

/** A message as a relay reads it; null: one that it must refuse (SY14). */
export function readOrRefuse(message: Uint8Array | string): ClientFrame | null {
  if (typeof message === 'string') return null;
  try {
    return readFrame(message);
  } catch (error) {
    if (error instanceof BadFrame) return null;
    throw error;
  }
}
