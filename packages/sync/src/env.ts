import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagsSchema } from '@markco/core/flags';
import { z } from 'zod';

/** Where production has Umami; a relay there would take its address. */
const UMAMI_PORT = 3005;

const envSchema = flagsSchema.pick({ SYNC_MODE: true }).extend({
  SYNC_RELAY_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(3006)
    .refine((port) => port !== UMAMI_PORT, 'must not be 3005: production runs Umami (web statistics) there. The relay uses 3006'),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be an address such as postgres://user:password@host/database' }),
  /** Connections to Postgres this process may hold. */
  DATABASE_POOL: z.coerce.number().int().min(2).max(500).default(8),
  /** SY18: where relay processes on the same database reach each other; without it there is one. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be an address such as redis://host:6379' }).optional(),
  /** The key tickets are signed with; the same as the web process has. */
  MARKCO_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  MARKCO_DATA_DIR: z.string().default('.markco'),
  /** Root of the markdown files; needed by SYNC_MODE legacy and mirror. */
  MARKCO_WORKSPACES_DIR: z.string().optional(),
  /** Flags that overrides in the database cannot change, by name, with commas between (OP1). */
  MARKCO_PIN_FLAGS: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((name) => name.trim())),
  PUBLIC_URL: z.url().default('http://localhost:3000'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** What the relay process reads from its environment. */
export type SyncEnv = Omit<z.output<typeof envSchema>, 'MARKCO_SECRET'> & { readonly secret: Uint8Array };

/** Reads and checks the environment. Throws one error that names every wrong variable and what it may be. */
export function readSyncEnv(source: Record<string, string | undefined>): SyncEnv {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = envSchema.safeParse(present);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${String(issue.path[0])}: ${describe(issue)}`);
    throw new Error(`The relay's environment cannot be used:\n${[...new Set(lines)].join('\n')}`);
  }
  const { MARKCO_SECRET, ...env } = parsed.data;
  if (env.REDIS_URL && env.SYNC_MODE !== 'relay_primary') {
    throw new Error(
      `The relay's environment cannot be used:\n  SYNC_MODE: ${env.SYNC_MODE} keeps documents in files, which one relay process must own. Run a single one, without REDIS_URL`,
    );
  }
  return { ...env, secret: new TextEncoder().encode(MARKCO_SECRET ?? readSecret(env.MARKCO_DATA_DIR)) };
}

function readSecret(dataDir: string): string {
  const path = join(dataDir, 'secret');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Error(
      `There is no key to check tickets with: set MARKCO_SECRET to the web process's, or start that first (it makes ${path}).`,
      { cause: error },
    );
  }
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  return issue.message;
}
