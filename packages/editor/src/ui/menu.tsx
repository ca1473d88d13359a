import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { Icon, type IconName } from './icons.tsx';

export type MenuItem = {
  label: string;
  detail?: string;
  /** Its shortcut, shown where there is a keyboard. */
  keys?: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
  onSelect(): void;
};

type MenuProps = {
  /** The button's name for screen readers. */
  label: string;
  items: () => readonly (MenuItem | 'line')[];
  children: ReactNode;
  className?: string;
  testId?: string;
};

/** A button that opens a menu; arrows move, Escape closes, focus returns. On narrow screens the menu is a sheet at the bottom. */
export function Menu({ label, items, children, className = 'mk-button', testId }: MenuProps): ReactNode {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-testid={testId}
        onClick={() => setOpen((was) => !was)}
      >
        {children}
      </button>
      {open && <MenuList id={id} label={label} anchor={button} items={items()} close={close} />}
    </>
  );
}

type ListProps = {
  id: string;
  label: string;
  anchor: React.RefObject<HTMLButtonElement | null>;
  items: readonly (MenuItem | 'line')[];
  close(): void;
};

function MenuList({ id, label, anchor, items, close }: ListProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<React.CSSProperties>({ visibility: 'hidden' });
  useLayoutEffect(() => {
    const box = anchor.current?.getBoundingClientRect();
    const own = list.current?.getBoundingClientRect();
    if (box && own) setPlace(placeBeside(box, own));
    list.current?.querySelector<HTMLElement>('[role^=menuitem]:not(:disabled)')?.focus();
  }, [anchor]);
  useEffect(() => {
    const onDown = (event: PointerEvent): void => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !anchor.current?.contains(target)) close();
    };
    document.addEventListener('pointerdown', onDown);
    return () => document.removeEventListener('pointerdown', onDown);
  });
  return createPortal(
    <div
      ref={list}
      id={id}
      role="menu"
      aria-label={label}
      className="mk-menu"
      style={place}
      onKeyDown={(event) => onMenuKey(event, list.current, close)}
    >
      {items.map((item, index) =>
        item === 'line' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name, and the list does not reorder while open
          <hr key={index} className="mk-menu-line" />
        ) : (
          <button
            key={item.label}
            type="button"
            {...(item.checked === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': item.checked })}
            disabled={item.disabled}
            className={`mk-menu-item${item.danger ? ' mk-danger' : ''}`}
            onClick={() => {
              close();
              item.onSelect();
            }}
          >
            <span className="mk-menu-icon">{item.checked ? <Icon name="check" /> : item.icon ? <Icon name={item.icon} /> : null}</span>
            <span>
              {item.label}
              {item.detail && <small className="mk-menu-detail">{item.detail}</small>}
            </span>
            {item.keys && <kbd className="mk-menu-keys">{item.keys}</kbd>}
          </button>
        ),
      )}
    </div>,
    document.body,
  );
}

function placeBeside(box: DOMRect, own: DOMRect): React.CSSProperties {
  if (window.innerWidth < 640) return {};
  const below = box.bottom + own.height + 8 < window.innerHeight;
  return {
    left: Math.max(8, Math.min(box.right - own.width, window.innerWidth - own.width - 8)),
    top: below ? box.bottom + 4 : Math.max(8, box.top - own.height - 4),
  };
}

function onMenuKey(event: KeyboardEvent, list: HTMLElement | null, close: () => void): void {
  const items = [...(list?.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)') ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key === 'Escape' || event.key === 'Tab') close();
  else if (event.key in moves) items.at((moves[event.key] ?? 0) % items.length)?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
