import { type apiEnvSchema, readEnv } from '@markco/api/env';
import { z } from 'zod';

const webEnvSchema = z.object({
  /** Where the relay listens, as this process reaches it. */
  SYNC_RELAY_URL: z
    .url({ protocol: /^https?$/, error: 'must be an address such as http://127.0.0.1:3006' })
    .default('http://127.0.0.1:3006'),
  GITHUB_CLIENT_ID: z.string().optional(),
  GITHUB_CLIENT_SECRET: z.string().optional(),
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  /** `smtps://user:password@host`; without it sign-in links are written to the log. */
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an address such as smtps://user:password@mail.example' }).optional(),
  MAIL_FROM: z.string().default('MarkCo <no-reply@localhost>'),
});

/** Everything the web process reads from its environment. */
export type WebEnv = z.output<typeof apiEnvSchema> & z.output<typeof webEnvSchema>;

/** Reads and checks the environment once (OP1). Throws with every wrong variable named and what it may be. */
export function readWebEnv(source: Record<string, string | undefined>): WebEnv {
  const api = readEnv(source);
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const web = webEnvSchema.safeParse(present);
  if (web.success) return { ...api, ...web.data };
  const lines = web.error.issues.map((issue) => `  ${String(issue.path[0])}: ${issue.message}`);
  throw new Error(`The environment cannot be used:\n${lines.join('\n')}`);
}
