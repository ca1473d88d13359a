import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from './icons.tsx';

/** A modal dialog: the browser keeps the focus inside and Escape closes it. `kind`: where it stands. */
export function Dialog(props: {
  label: string;
  kind: 'center' | 'left' | 'full';
  onClose(): void;
  children: ReactNode;
  bare?: boolean;
}): ReactNode {
  const { label, kind, onClose, children, bare } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
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
