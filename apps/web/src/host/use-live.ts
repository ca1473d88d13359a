import type { Live } from '@markco/editor/host';
import { useSyncExternalStore } from 'react';

/** A {@link Live} value in a component. */
export const useLive = <T>(live: Live<T>): T => useSyncExternalStore(live.subscribe, live.get, live.get);
