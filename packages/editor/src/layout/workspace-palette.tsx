import { type ReactNode, useEffect } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { paletteCommands, paletteFiles } from './commands.ts';
import { Palette } from './palette.tsx';

/** The palette and the keys that open it from anywhere in the page. */
export function WorkspacePalette(): ReactNode {
  const session = useSession();
  const mode = useLive(session.palette);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || !(event.metaKey || event.ctrlKey)) return;
      const key = event.key.toLowerCase();
      if (key === 'k' || (key === 'p' && event.shiftKey)) session.palette.set('commands');
      else if (key === 'p') session.palette.set('files');
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [session]);
  if (!mode) return null;
  const close = (): void => session.palette.set(null);
  return mode === 'commands' ? (
    <Palette key="commands" label="Commands" items={paletteCommands(session)} onClose={close} />
  ) : (
    <Palette key="files" label="Open document" items={paletteFiles(session)} onClose={close} />
  );
}
