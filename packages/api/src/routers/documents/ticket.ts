import { ticketInput, ticketReply } from '@markco/core/contract/projects';
import { RATES } from '../../rate-limiter.ts';
import { scoped } from '../../scope.ts';
import { signTicket, ticketUrl } from '../../tickets.ts';
import { authedProcedure, limited } from '../../trpc.ts';
import { assertEditable } from './assert-editable.ts';

/** SY3: five minutes of access to one document on the relay, to read or to write. */
export const documentTicket = authedProcedure
  .use(limited(RATES.tickets))
  .input(ticketInput)
  .output(ticketReply)
  .query(async ({ ctx, input }) => {
    const { resources, principal } = ctx;
    const row = await scoped(resources.db, principal).document(input.documentId);
    assertEditable(row);
    const claims = {
      ...{ sub: principal.userId, doc: row.id, mode: input.mode, epoch: row.epoch, sid: principal.sid },
      ...(principal.userName && { name: principal.userName }),
    };
    const { token, expiresAt } = await signTicket(resources.secret, claims, resources.clock.now());
    const url = ticketUrl(resources.relayUrl(ctx.address), row);
    return { url, token, documentId: row.id, epoch: row.epoch, path: row.docPath, expiresAt, mode: input.mode };
  });
