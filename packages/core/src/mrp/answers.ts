import { z } from 'zod';

const text = z.string().nullish().catch(null);

/** `GET /health`. Runtimes know more states than these three; anything that is not idle counts as occupied. */
export const mrpHealth = z.looseObject({
  state: z.string().catch('idle').default('idle'),
  currentExecId: text,
  uptime: z.number().nullish().catch(null),
  stateRevision: z.number().nullish().catch(null),
});
export type RuntimeHealth = z.infer<typeof mrpHealth>;

/** `GET /capabilities`. */
export const mrpCapabilities = z.looseObject({
  runtime: z.string().catch('unknown').default('unknown'),
  version: z.string().catch('').default(''),
  languages: z.array(z.string()).catch([]).default([]),
  features: z.record(z.string(), z.unknown()).catch({}).default({}),
  environment: z.looseObject({ cwd: text, executable: text, virtualenv: text }).catch({}).default({}),
});
export type MrpCapabilities = z.infer<typeof mrpCapabilities>;

export const mrpMatch = z.looseObject({
  label: z.string(),
  insertText: text,
  kind: text,
  detail: text,
  documentation: text,
  valuePreview: text,
  type: text,
  sortText: text,
});
export const mrpCompletions = z.looseObject({
  matches: z.array(mrpMatch).catch([]).default([]),
  cursorStart: z.number().catch(0),
  cursorEnd: z.number().catch(0),
  source: text,
});
export type MrpCompletions = z.infer<typeof mrpCompletions>;

const hover = { found: z.boolean().catch(false), name: text, type: text, value: text, signature: text, docstring: text };
export const mrpHover = z.looseObject(hover);
export type MrpHover = z.infer<typeof mrpHover>;

export const mrpVariable = z.looseObject({
  name: z.string(),
  type: z.string().catch('').default(''),
  value: text,
  size: z.unknown().optional(),
  expandable: z.boolean().catch(false).default(false),
  shape: z.unknown().optional(),
  dtype: text,
  length: z.number().nullish().catch(null),
  keys: z.array(z.unknown()).nullish().catch(null),
});
export type MrpVariable = z.infer<typeof mrpVariable>;

export const mrpInspection = z.looseObject({
  ...hover,
  kind: text,
  sourceCode: text,
  file: text,
  line: z.number().nullish().catch(null),
  children: z.array(mrpVariable).nullish().catch(null),
});
export type MrpInspection = z.infer<typeof mrpInspection>;

export const mrpVariables = z.looseObject({
  variables: z.array(mrpVariable).catch([]).default([]),
  count: z.number().catch(0).default(0),
  truncated: z.boolean().catch(false).default(false),
});
export type MrpVariables = z.infer<typeof mrpVariables>;

export const mrpVariableDetail = mrpVariable.extend({
  fullValue: text,
  children: z.array(mrpVariable).catch([]).default([]),
  methods: z.array(z.unknown()).catch([]).default([]),
  attributes: z.array(z.unknown()).catch([]).default([]),
});
export type MrpVariableDetail = z.infer<typeof mrpVariableDetail>;

export const mrpIsComplete = z.looseObject({ status: z.string().catch('unknown').default('unknown'), indent: text });
export const mrpFormatted = z.looseObject({ formatted: z.string(), changed: z.boolean().catch(false) });
export const mrpHistory = z.looseObject({
  entries: z
    .array(z.looseObject({ historyIndex: z.number(), code: z.string() }))
    .catch([])
    .default([]),
  hasMore: z.boolean().catch(false).default(false),
});

export const mrpAccepted = z.looseObject({ accepted: z.boolean().catch(false).default(false) });
export const mrpCancelled = z.looseObject({ cancelled: z.boolean().catch(false).default(false) });
export const mrpInterrupted = z.looseObject({ interrupted: z.boolean().catch(true).default(true) });
/** The body of 409 and 503. */
export const mrpRefusal = z.looseObject({ error: z.string().catch('unknown').default('unknown'), message: text, execId: text });
