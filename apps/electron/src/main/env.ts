import { z } from 'zod';

const text = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value));

const schema = z.object({
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  MARKCO_DEVICE_NAME: text,
  /** EL6: the address of an update feed. Updates are off without it. */
  MARKCO_UPDATE_URL: z.preprocess((value) => (value === '' ? undefined : value), z.url({ protocol: /^https$/ }).optional()),
  /** Where an AppImage lies; set by its own starter. */
  APPIMAGE: text,
  XDG_CONFIG_HOME: text,
});
export type DesktopEnv = z.output<typeof schema>;

/** Reads and checks the environment once. Throws one sentence for each variable that is wrong. */
export function readEnv(source: Record<string, string | undefined>): DesktopEnv {
  const parsed = schema.safeParse(source);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The environment is not usable: ${lines.join('; ')}. Correct it and start again.`);
}
