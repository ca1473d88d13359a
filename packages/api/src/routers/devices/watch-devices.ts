import type { DeviceView } from '@markco/core/device/device';
import { listDevices } from '../../agents/device-view.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Resources } from '../../resources.ts';
import { outlast } from '../../run-engine/outlast.ts';
import { createWaker } from '../../run-engine/waker.ts';

/** Presence also changes by silence: looked at again this often, in ms. */
const LOOK_AGAIN_MS = 5_000;

/** AG2: DEVICE_LIST for a signed-in client: the devices now, and again within a second of every change. Waits for a database that is away. */
export async function* watchDevices(resources: Resources, principal: Principal, signal: AbortSignal): AsyncGenerator<DeviceView[]> {
  const waker = createWaker(signal);
  const unsubscribe = [
    resources.bus.subscribe('devices.changed', ({ userId }) => userId === principal.userId && waker.wake()),
    resources.bus.subscribe('flags.changed', waker.wake),
    resources.bus.onReconnect(waker.wake),
  ];
  try {
    for (let shown = ''; !signal.aborted; await waker.next(LOOK_AGAIN_MS)) {
      const devices = await outlast(resources, 'devices', signal, waker, () => listDevices(resources, principal.userId));
      if (!devices) return;
      const now = JSON.stringify(devices.map(({ lastSeenAt: _, ...rest }) => rest));
      if (now !== shown) yield devices;
      shown = now;
    }
  } finally {
    for (const stop of unsubscribe) stop();
    waker.close();
  }
}
