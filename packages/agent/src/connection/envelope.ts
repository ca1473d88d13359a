import { randomUUID } from 'node:crypto';

/** Who this agent is. A worker's `userId` is its own device id: it acts for whoever the offer names. */
export interface Identity {
  userId: string;
  deviceId: string;
}

/** AG1: what every message carries. */
export const envelope = (identity: Identity, requestId?: string) => ({
  messageId: randomUUID(),
  ...(requestId && { requestId }),
  userId: identity.userId,
  deviceId: identity.deviceId,
  timestamp: Date.now(),
});
