import type { ButtonHTMLAttributes, ReactNode } from 'react';

const LOOKS = {
  primary: 'bg-accent text-accent-ink border-transparent',
  plain: 'bg-raised text-text border-line-strong hover:bg-surface',
  quiet: 'bg-transparent text-text border-transparent hover:bg-accent-soft',
};

/** A button in one of three looks. */
export function Button({
  look = 'plain',
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: keyof typeof LOOKS }): ReactNode {
  return (
    <button
      type="button"
      className={`inline-flex h-9 items-center justify-center gap-2 rounded-md border px-3 text-sm font-medium disabled:opacity-60 ${LOOKS[look]} ${className}`}
      {...rest}
    />
  );
}

/** A problem in words; read out by screen readers. */
export const Problem = ({ text }: { text: string | null }): ReactNode =>
  text === null ? null : (
    <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
      {text}
    </p>
  );

type SwitchProps = { label: string; detail?: string; on: boolean; disabled?: boolean; onChange(on: boolean): void };

/** A setting that is on or off. */
export function Switch({ label, detail, on, disabled = false, onChange }: SwitchProps): ReactNode {
  return (
    <label className="flex items-start justify-between gap-6 py-2">
      <span>
        <span className="block text-sm font-medium">{label}</span>
        {detail && <span className="block text-sm text-muted">{detail}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={on}
        className="mt-1 size-5 shrink-0 accent-(--mk-accent)"
        checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
