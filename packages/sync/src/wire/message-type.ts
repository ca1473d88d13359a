/** SY1: message types of the y-websocket wire. */
export const MESSAGE = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const;

/** Kinds of a sync message (y-protocols). */
export const SYNC = { step1: 0, step2: 1, update: 2 } as const;
