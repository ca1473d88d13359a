import { type InputHTMLAttributes, type ReactNode, useId } from 'react';

/** The look of text fields; 16 px, so that phones do not zoom in (WB5). */
export const fieldClass = 'min-h-11 w-full rounded-control border border-line-strong bg-bg px-3 text-base text-text placeholder:text-muted';

/** A labelled text field with its hint. */
export function Field({ label, hint, ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: ReactNode }) {
  const id = useId();
  return (
    <div className="grid grid-cols-1 gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <input {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} className={`${fieldClass} ${rest.className ?? ''}`} />
      {hint ? (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      ) : null}
    </div>
  );
}
