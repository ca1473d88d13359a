import type { ReactNode } from 'react';
import { targetItems } from '../cells/target-items.ts';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';

/** Where the next run will go, and the choice of another place (RU5, RU6). */
export function TargetButton(): ReactNode {
  const session = useSession();
  const { host, controller, runs, current } = session;
  // What the guess depends on; each change draws it again.
  useLive(host.devices);
  useLive(host.me);
  useLive(host.project);
  useLive(host.online);
  useLive(runs);
  const chosen = useLive(controller.chosen);
  const language = useLive(current)?.language ?? 'python';
  const guess = controller.guess(language);
  return (
    <Menu
      label={`Next run: ${guess.label}. ${guess.detail}`}
      testId="run-target"
      className="mk-button mk-target"
      items={() => [
        {
          label: 'Automatic',
          detail: chosen ? 'Where the variables are, else a device with this project' : guess.detail,
          checked: chosen === null,
          onSelect: () => controller.chosen.set(null),
        },
        'line',
        ...targetItems(session, language, (target) => controller.chosen.set(target), '', chosen),
        'line',
        { label: 'Devices…', onSelect: () => host.navigate({ page: 'devices' }) },
      ]}
    >
      <Icon name={guess.kind === 'cloud' ? 'cloud' : guess.kind === 'queue' ? 'clock' : 'laptop'} size={16} />
      <span className="mk-ellipsis">{guess.label}</span>
    </Menu>
  );
}
