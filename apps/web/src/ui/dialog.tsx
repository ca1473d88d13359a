'use client';

import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A modal dialog: the browser keeps the focus inside, Escape closes it, focus goes back where it was. */
export function Dialog({ title, children, onClose }: { title: string; children: ReactNode; onClose(): void }) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onClose={onClose}
      className="m-auto w-[min(30rem,calc(100vw-2rem))] rounded-card border border-line bg-raised p-5 text-text shadow-card backdrop:bg-black/40"
    >
      <h2 id={heading} className="mb-3 text-lg font-semibold">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm(props: { title: string; children: ReactNode; action: ReactNode; onClose(): void }) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <div className="grid grid-cols-1 gap-3 text-sm">{props.children}</div>
      <form method="dialog" className="mt-5 flex flex-wrap justify-end gap-3">
        <button
          type="submit"
          className="inline-flex min-h-11 items-center rounded-control border border-line px-4 text-sm font-medium hover:border-line-strong"
        >
          Cancel
        </button>
        {props.action}
      </form>
    </Dialog>
  );
}
