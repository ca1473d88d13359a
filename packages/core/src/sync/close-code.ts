/** SY2: why the relay closes a socket. Clients with 4401 fetch a new ticket, with 4409 merge as text, with 1013 come back later. */
export const CLOSE = {
  goingAway: 1001,
  tooLarge: 1009,
  tryLater: 1013,
  badFrame: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  gone: 4404,
  historyDiffers: 4409,
} as const;
