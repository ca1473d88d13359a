import type { ButtonHTMLAttributes } from 'react';

const LOOKS = {
  primary: 'bg-accent text-accent-ink hover:brightness-110 border-transparent',
  plain: 'bg-raised text-text border-line hover:border-line-strong',
  danger: 'bg-raised text-bad border-line hover:border-bad',
} as const;

/** The look of every button and of links that act as one; at least 44 px high for fingers (WB5). */
export const buttonClass = (look: keyof typeof LOOKS = 'plain'): string =>
  `inline-flex min-h-11 items-center justify-center gap-2 rounded-control border px-4 text-sm font-medium disabled:cursor-not-allowed disabled:opacity-60 ${LOOKS[look]}`;

/** A button; `busy` says that its work is under way and keeps it from being pressed again. */
export function Button({
  look = 'plain',
  busy = false,
  children,
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: keyof typeof LOOKS; busy?: boolean }) {
  return (
    <button type="button" {...rest} aria-busy={busy} disabled={busy || rest.disabled} className={`${buttonClass(look)} ${className}`}>
      {busy ? <span aria-hidden="true" className="size-3 animate-spin rounded-full border-2 border-current border-t-transparent" /> : null}
      {children}
    </button>
  );
}
