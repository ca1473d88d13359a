import { AppError } from '@markco/core/errors';
import { TRPCError } from '@trpc/server';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toPublicError } from './public-error.ts';

describe('SE5: what leaves the process about a failure', () => {
  it('is the words for the person, not those for the log', () => {
    const error = new AppError('conflict', 'Choose another name.', { log: 'unique violation on documents', details: { path: 'a.md' } });
    const wrapped = new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: error });
    for (const thrown of [error, wrapped]) {
      expect(toPublicError(thrown)).toMatchObject({
        code: 'conflict',
        message: 'Choose another name.',
        http: 409,
        trpc: 'CONFLICT',
        details: { path: 'a.md' },
        unexpected: false,
      });
    }
  });

  it('names the field of bad input, and hides that an answer of ours was wrong', () => {
    const { error } = z.object({ id: z.uuid() }).safeParse({ id: 'x' });
    expect(toPublicError(new TRPCError({ code: 'BAD_REQUEST', cause: error }))).toMatchObject({
      code: 'bad_request',
      details: { issues: [{ path: 'id' }] },
    });
    expect(
      toPublicError(new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'Output validation failed', cause: error })),
    ).toMatchObject({ code: 'internal', unexpected: true });
  });

  it('says nothing about what nobody expected', () => {
    const shown = toPublicError(new Error('password=hunter2 at /srv/app.ts'));
    expect(shown).toMatchObject({ code: 'internal', http: 500, unexpected: true });
    expect(JSON.stringify(shown)).not.toMatch(/hunter2|srv/);
  });
});
