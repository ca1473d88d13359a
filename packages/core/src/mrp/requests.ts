import { z } from 'zod';

const cursor = z.number().int().min(0);
const place = { code: z.string(), cursor };

/** `POST /execute` and `/execute/stream`. `allowStdin` belongs to the stream alone. */
export const mrpExecuteRequest = z.looseObject({
  code: z.string(),
  storeHistory: z.boolean().optional(),
  allowStdin: z.boolean().optional(),
  execId: z.string().optional(),
});
export type MrpExecuteRequest = z.infer<typeof mrpExecuteRequest>;

/** `POST /input` (`exec_id` is read by older runtimes) and `/input/cancel`. */
export const mrpInputRequest = z.looseObject({ execId: z.string(), text: z.string() });
export const mrpCancelInputRequest = z.looseObject({ execId: z.string() });

/** Cursors count UTF-16 code units, as editors do. */
export const mrpCompleteRequest = z.looseObject(place);
export const mrpHoverRequest = z.looseObject(place);
export const mrpInspectRequest = z.looseObject({ ...place, detail: z.union([z.number(), z.string()]).optional() });
export const mrpVariablesRequest = z.looseObject({});
/** `path`: from the variable down into it, one element a level. */
export const mrpVariableRequest = z.looseObject({
  name: z.string(),
  path: z.union([z.string(), z.array(z.union([z.string(), z.number()]))]).optional(),
});
export const mrpCodeRequest = z.looseObject({ code: z.string() });
export const mrpHistoryRequest = z.looseObject({ n: z.number().optional(), pattern: z.string().optional(), before: z.number().optional() });
export const mrpResetRequest = z.looseObject({ scope: z.array(z.string()).default(['namespace']) });

/** AG7: what may be asked of a runtime, and the body each question takes. */
export const MRP_QUESTIONS = {
  complete: mrpCompleteRequest,
  hover: mrpHoverRequest,
  inspect: mrpInspectRequest,
  variables: mrpVariablesRequest,
  variable: mrpVariableRequest,
  is_complete: mrpCodeRequest,
  format: mrpCodeRequest,
  history: mrpHistoryRequest,
} as const;
/** A key of {@link MRP_QUESTIONS}. */
export type MrpQuestion = keyof typeof MRP_QUESTIONS;
