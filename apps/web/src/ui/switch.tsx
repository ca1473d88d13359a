import { type ReactNode, useId } from 'react';

/** On or off, told by position and by words for screen readers; applies at once. */
export function Switch(props: {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  busy?: boolean;
  onChange(checked: boolean): void;
  testId?: string;
}) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4">
      <div className="min-w-0">
        <span id={id} className="text-sm font-medium">
          {props.label}
        </span>
        {props.hint ? (
          <p id={`${id}-hint`} className="text-sm text-muted">
            {props.hint}
          </p>
        ) : null}
      </div>
      <button
        type="button"
        role="switch"
        data-testid={props.testId}
        aria-checked={props.checked}
        aria-labelledby={id}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        disabled={props.busy}
        onClick={() => props.onChange(!props.checked)}
        className="-m-2 inline-flex size-auto min-h-11 min-w-11 shrink-0 items-center p-2 disabled:opacity-60"
      >
        <span
          className={`relative inline-block h-6 w-11 rounded-full border-2 ${props.checked ? 'border-accent bg-accent' : 'border-line-strong bg-surface'}`}
        >
          <span
            className={`absolute top-0.5 size-4 rounded-full transition-[left] ${props.checked ? 'left-[1.375rem] bg-accent-ink' : 'left-0.5 bg-muted'}`}
          />
        </span>
      </button>
    </div>
  );
}
