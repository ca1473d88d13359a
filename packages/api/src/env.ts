import { flagsSchema } from '@markco/core/flags';
import { z } from 'zod';

const flagNames = ['SYNC_MODE', 'ENABLE_DEVICE_AGENT', 'ENABLE_REMOTE_EXEC_ROUTING', 'ENABLE_CLOUD_FALLBACK'] as const;
export type FlagName = (typeof flagNames)[number];
export const FLAG_NAMES: readonly FlagName[] = flagNames;

const port = z.coerce.number().int().min(0).max(65_535);
const origin = z
  .url({ protocol: /^https?$/, error: 'must be an address such as https://markco.example' })
  .transform((text) => text.replace(/\/+$/, ''));

const pinned = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.enum(flagNames)));

/** Everything the web process reads from its environment, checked once (OP1). Empty values count as absent. */
export const apiEnvSchema = flagsSchema.extend({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be an address such as postgres://user:password@host/database' }),
  /** Connections to Postgres this process may hold. */
  DATABASE_POOL: z.coerce.number().int().min(2).max(500).default(10),
  PORT: port.default(3000),
  HOST: z.string().default('127.0.0.1'),
  /** At least 32 characters; without it, a secret is made once and kept in MARKCO_DATA_DIR. */
  MARKCO_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  MARKCO_DATA_DIR: z.string().default('.markco'),
  PUBLIC_URL: origin.default('http://localhost:3000'),
  /** Where browsers and agents reach the relay, if not on the web's own address (`wss://sync.markco.example`). */
  SYNC_PUBLIC_URL: z
    .url({ protocol: /^wss?$/, error: 'must start with ws:// or wss://' })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  /** 1: whoever sits at this computer is signed in as the local user (loopback only). */
  MARKCO_LOCAL_USER: z
    .enum(['0', '1'])
    .default('0')
    .transform((value) => value === '1'),
  /** Flags that overrides in the database cannot change, by name, with commas between. */
  MARKCO_PIN_FLAGS: pinned,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type ApiEnv = z.output<typeof apiEnvSchema>;

/** Reads and checks the environment. Throws one error that names every wrong variable and what it may be. */
export function readEnv(source: Record<string, string | undefined>): ApiEnv {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = apiEnvSchema.safeParse(present);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path[0] as string}: ${describe(issue)}`);
  throw new Error(`The environment cannot be used:\n${[...new Set(lines)].join('\n')}`);
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  return issue.message;
}
