import { ticketInput, ticketReply } from '@markco/core/contract/projects';
import { AppError } from '@markco/core/errors';
import { RATES } from '../../rate-limiter.ts';
import { scoped } from '../../scope.ts';
import { signTicket, ticketUrl } from '../../tickets.ts';
import { authedProcedure, limited } from '../../trpc.ts';

const ONLY_LISTED: Record<string, string> = {
  too_large: 'This file is too large to be opened here; it stays on your computer.',
  read_only: 'This file is not UTF-8 text, so it cannot be opened here; it stays on your computer.',
};

/** SY3: five minutes of access to one document on the relay, to read or to write. */
export const documentTicket = authedProcedure
  .use(limited(RATES.tickets))
  .input(ticketInput)
  .output(ticketReply)
  .query(async ({ ctx, input }) => {
    const { resources, principal } = ctx;
    const row = await scoped(resources.db, principal).document(input.documentId);
    const onlyListed = ONLY_LISTED[row.status];
    if (onlyListed) throw new AppError('conflict', onlyListed, { details: { status: row.status } });
    const claims = {
      ...{ sub: principal.userId, doc: row.id, mode: input.mode, epoch: row.epoch, sid: principal.sid },
      ...(principal.userName && { name: principal.userName }),
    };
    const { token, expiresAt } = await signTicket(resources.secret, claims, resources.clock.now());
    const url = ticketUrl(resources.relayUrl(ctx.address), row);
    return { url, token, documentId: row.id, epoch: row.epoch, path: row.docPath, expiresAt, mode: input.mode };
  });
