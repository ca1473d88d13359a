import { z } from 'zod';

/** AG7: what may be asked of a runtime besides running code; each is an MRP request of that name. */
export const introspectOp = z.enum(['complete', 'hover', 'inspect', 'variables', 'variable', 'is_complete', 'format', 'history']);
