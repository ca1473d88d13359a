import type { ReactNode } from 'react';

const LOOKS = {
  info: ['border-line bg-raised text-text', 'ℹ'],
  ok: ['border-good bg-good-soft text-good', '✓'],
  warn: ['border-warn bg-warn-soft text-warn', '!'],
  danger: ['border-bad bg-bad-soft text-bad', '✗'],
} as const;

/** A message in the page: a sign and words, never colour alone (WB8). */
export function Notice({ kind = 'info', children }: { kind?: keyof typeof LOOKS; children: ReactNode }) {
  const [look, sign] = LOOKS[kind];
  return (
    <div role={kind === 'danger' ? 'alert' : 'status'} className={`flex gap-3 rounded-card border px-4 py-3 text-sm ${look}`}>
      <span aria-hidden="true" className="font-semibold">
        {sign}
      </span>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}

/** What went wrong, in the server's words for the person where it gave some. */
export function errorText(error: unknown): string {
  const said = (error as { data?: { userMessage?: string } } | null)?.data?.userMessage;
  if (said) return said;
  const message = error instanceof Error ? error.message : String(error);
  return /fetch|network|load failed/i.test(message)
    ? 'The server cannot be reached. Check the connection; nothing you wrote is lost.'
    : `Something went wrong: ${message}`;
}
