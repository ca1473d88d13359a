import type { ReactNode } from 'react';

const PATHS = {
  play: 'M7 5.5v13l11-6.5z',
  stop: 'M7 7h10v10H7z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  dots: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  menu: 'M4 7h16M4 12h16M4 17h16',
  clock: 'M12 7.5V12l3 2M12 4a8 8 0 100 16 8 8 0 000-16z',
  cloud: 'M7.5 18.5h9a4 4 0 00.7-7.9 5.5 5.5 0 00-10.6-.8A4.4 4.4 0 007.5 18.5z',
  cloudOff: 'M4 4l16 16M9 6a5.5 5.5 0 018.2 4.6 4 4 0 012.3 6.2M6.6 9.8a4.4 4.4 0 00.9 8.7h9',
  cloudCheck: 'M7.5 18.5h9a4 4 0 00.7-7.9 5.5 5.5 0 00-10.6-.8A4.4 4.4 0 007.5 18.5zM9.5 13.5l2 2 3.5-3.5',
  laptop: 'M5 6h14v9.5H5zM3 18.5h18',
  pen: 'M5 19l1-4L16.5 4.5l3 3L9 18z',
  warn: 'M12 4.5l8.5 15h-17zM12 10v4.5M12 17h.01',
  file: 'M7 4h7l4 4v12H7zM14 4v4h4',
  folder: 'M4 6.5h6l2 2h8v10H4z',
  plus: 'M12 5.5v13M5.5 12h13',
  search: 'M10.5 5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM15 15l4.5 4.5',
  list: 'M9 7h11M9 12h11M9 17h11M4.5 7h.01M4.5 12h.01M4.5 17h.01',
  undo: 'M8 5L4 9l4 4M4 9h9a6 6 0 010 12h-2',
  left: 'M14.5 6l-6 6 6 6',
  right: 'M9.5 6l6 6-6 6',
  up: 'M6 14.5l6-6 6 6',
  down: 'M6 9.5l6 6 6-6',
  history: 'M4.5 12a7.5 7.5 0 107.5-7.5A8 8 0 006 7.5M4.5 4.5v4h4M12 8v4.5l3 1.5',
  key: 'M4 7h16v10H4zM7 10h.01M11 10h.01M15 10h.01M8 14h8',
  expand: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  code: 'M8.5 7l-5 5 5 5M15.5 7l5 5-5 5',
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon, as large as the text beside it; the words stand next to it or in the button's label. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): ReactNode {
  const filled = name === 'play' || name === 'stop';
  return (
    <svg
      aria-hidden="true"
      className="mk-icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={name === 'dots' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Turns while something works; stands still with reduced motion. */
export function Spinner({ size = 16 }: { size?: number }): ReactNode {
  return <span aria-hidden="true" className="mk-spinner" style={{ width: size, height: size }} />;
}
