import { z } from 'zod';
import { id } from '../ids.ts';

/** SE2: a ticket lives five minutes; the client asks for a new one before that. Seconds. */
export const TICKET_TTL_S = 300;

/** SY3: what a relay ticket (a signed JWT, HS256, audience `markco-relay`) says. `sid`: the session, device or token it hangs on, for revocation. */
export const ticketClaims = z.object({
  sub: id,
  doc: id,
  mode: z.enum(['read', 'write']),
  epoch: z.string(),
  sid: z.string().optional(),
  name: z.string().optional(),
});
export type TicketClaims = z.infer<typeof ticketClaims>;
