'use client';

import { trpc } from '../../data/trpc.ts';
import { useDevices } from '../../data/use-devices.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Empty, Page, Skeleton } from '../../ui/page.tsx';
import { ConnectComputer } from '../projects/connect-computer.tsx';
import { DeviceCard } from './device-card.tsx';

/** WB1: the computers that belong to the person, live. */
export function DevicesScreen() {
  usePageTitle('Devices');
  const { list, live, error } = useDevices();
  const projects = trpc.projects.list.useQuery();
  return (
    <Page title="Devices">
      <div className="grid grid-cols-1 gap-4">
        {error && !list ? <Notice kind="danger">{errorText(error)}</Notice> : null}
        {!list && !error ? <Skeleton /> : null}
        {list?.length === 0 ? (
          <Empty title="No computer yet">Connect one, and its folders and its Python are at hand on every screen you have.</Empty>
        ) : null}
        <ul className="grid grid-cols-1 gap-3 lg:grid-cols-2" aria-label="Devices">
          {list?.map((device) => (
            <li key={device.id}>
              <DeviceCard device={device} live={live} projects={projects.data ?? []} />
            </li>
          ))}
        </ul>
        {list ? <ConnectComputer /> : null}
      </div>
    </Page>
  );
}
