import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { Icon } from './icons.tsx';

/** A modal dialog: the browser keeps the focus inside and Escape closes it; then the focus is where it was. `kind`: where it stands. */
export function Dialog(props: {
  label: string;
  kind: 'center' | 'left' | 'full';
  onClose(): void;
  children: ReactNode;
  bare?: boolean;
}): ReactNode {
  const { label, kind, onClose, children, bare } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  // At the first drawing: a field that takes the focus by itself is what the browser would give it back to.
  const [before] = useState(() => document.activeElement);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [before]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a modal dialog by itself; the click is for the area around it
    <dialog
      ref={dialog}
      aria-label={label}
      className={`mk-dialog mk-dialog-${kind}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {!bare && (
        <header className="mk-dialog-head">
          <h2>{label}</h2>
          <button type="button" className="mk-button" aria-label="Close" onClick={onClose}>
            <Icon name="cross" />
          </button>
        </header>
      )}
      {children}
    </dialog>
  );
}
