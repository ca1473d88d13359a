import { TicketRefused } from '@markco/sync/client/ticket-refused';
import { describe, expect, it } from 'vitest';
import { ticketRefusal } from './ticket-refusal.ts';

const answer = (httpStatus: number) => Object.assign(new Error('Words of the server.'), { data: { httpStatus } });

describe('ticketRefusal (SY2: no loop on an answer that stays)', () => {
  it.each([
    [404, 'gone'],
    [401, 'signed_out'],
    [403, 'refused'],
    [409, 'refused'],
  ])('%i → %s', (status, why) => expect(ticketRefusal(answer(status))).toMatchObject({ name: 'TicketRefused', why }));

  it.each([429, 500, 503])('%i is tried again', (status) => expect(ticketRefusal(answer(status))).not.toBeInstanceOf(TicketRefused));

  it('a failure of the network is tried again', () => {
    const failure = new TypeError('Failed to fetch');
    expect(ticketRefusal(failure)).toBe(failure);
  });
});
