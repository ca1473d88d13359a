import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '@markco/core/errors';
import { createDb, type Db } from '@markco/db/client';
import { z } from 'zod';
import { flagsClear, flagsList, flagsSet, pairingLink, tokenCreate, userCreate, workerToken } from './admin.ts';

// `markco admin …`: works on the database named by DATABASE_URL.

const USAGE = `markco admin user create EMAIL [--name NAME]
markco admin token create --user EMAIL|ID|local [--name NAME] [--days N]
markco admin flags
markco admin flags set FLAG VALUE [--user EMAIL|ID | --percent N]
markco admin flags clear FLAG [--user EMAIL|ID]
markco admin pair               a link that signs a phone in as the local user
markco admin worker-token       the credential of cloud workers (an earlier one ends)

DATABASE_URL names the database (without it: the installation that runs from this checkout, or from MARKCO_DATA_DIR);
PUBLIC_URL the address that links begin with.`;

const env = z.object({ DATABASE_URL: z.string().min(1), PUBLIC_URL: z.url().default('http://localhost:3000') });

/** The database of an installation that runs now: its supervisor keeps the address in its data directory, for its owner only. */
function runningDatabase(): string | undefined {
  const dataDir = process.env.MARKCO_DATA_DIR || join(import.meta.dirname, '..', '..', '..', '.markco');
  try {
    return readFileSync(join(dataDir, 'database-url'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

async function run(db: Db, words: string[], options: Options, publicUrl: string): Promise<string> {
  const [noun, verb, ...rest] = words;
  switch (`${noun} ${verb ?? ''}`.trim()) {
    case 'user create': {
      const user = await userCreate(db, { email: rest[0] ?? '', name: options.name });
      return `${user.id}  ${user.email}`;
    }
    case 'token create':
      return tokenCreate(db, { user: options.user ?? '', name: options.name ?? 'command line', expiresInDays: number(options.days) });
    case 'flags':
      return (
        (await flagsList(db)).map((row) => `${row.flag}=${row.value}  ${row.userId ?? `${row.percent ?? 100} %`}`).join('\n') ||
        'No overrides.'
      );
    case 'flags set':
      await flagsSet(db, { flag: rest[0] ?? '', value: rest[1] ?? '', user: options.user, percent: number(options.percent) });
      return 'Set; in force within 5 seconds.';
    case 'flags clear':
      return `${await flagsClear(db, { flag: rest[0] ?? '', user: options.user })} overrides taken back.`;
    case 'pair':
      return pairingLink(db, publicUrl);
    case 'worker-token':
      return workerToken(db);
    default:
      throw new AppError('bad_request', USAGE);
  }
}

interface Options {
  name?: string | undefined;
  user?: string | undefined;
  days?: string | undefined;
  percent?: string | undefined;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new AppError('bad_request', `"${text}" is not a number.`);
  return Number(text);
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({ options: { name: text, user: text, days: text, percent: text }, allowPositionals: true });
  const settings = env.safeParse({ ...process.env, DATABASE_URL: process.env.DATABASE_URL || runningDatabase() });
  if (!settings.success)
    throw new AppError('bad_request', `No installation runs here. Start one (npm start), or set DATABASE_URL.\n\n${USAGE}`);
  const db = createDb({ connectionString: settings.data.DATABASE_URL, max: 2, applicationName: 'markco-admin' });
  try {
    console.log(await run(db, positionals, values, settings.data.PUBLIC_URL.replace(/\/+$/, '')));
  } finally {
    await db.$disconnect();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof AppError ? error.userMessage : (error as Error).message);
  process.exitCode = 1;
});
