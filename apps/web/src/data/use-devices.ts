import type { DeviceView } from '@markco/core/device/device';
import { trpc } from './trpc.ts';

/** The person's devices: as they were last seen, then live (AG2). `live`: false while presence cannot be known. */
export function useDevices(): { list: readonly DeviceView[] | undefined; live: boolean; error: unknown } {
  const utils = trpc.useUtils();
  const query = trpc.devices.list.useQuery();
  const watched = trpc.devices.watch.useSubscription(undefined, { onData: (list) => utils.devices.list.setData(undefined, list) });
  return { list: query.data, live: watched.status === 'pending' && query.error === null, error: query.error };
}
