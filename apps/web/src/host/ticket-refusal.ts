import { TicketRefused } from '@markco/sync/client/ticket-refused';

/** Makes of the API's answer to "a ticket, please" what the connection is to do: an answer that will not change ends the trying (SY2). */
export function ticketRefusal(error: unknown): unknown {
  const { message, data } = error as { message?: string; data?: { httpStatus?: number } };
  const words = message || 'The server refused the document.';
  switch (data?.httpStatus) {
    case 404:
    case 410:
      return new TicketRefused('gone', 'This document was deleted or is no longer yours.');
    case 401:
      return new TicketRefused('signed_out', 'You are signed out. Sign in again.');
    case 403:
    case 409:
      return new TicketRefused('refused', words);
    default:
      return error;
  }
}
