import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isNetworkFailure } from '../host/online.ts';

const subscribe = (listener: () => void) => {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
};

/** Whether the server answers: the browser's word for "no network", the outcome of the last question for the rest. */
export function useOnline(): boolean {
  const network = useSyncExternalStore(
    subscribe,
    () => navigator.onLine,
    () => true,
  );
  const client = useQueryClient();
  const [answers, setAnswers] = useState(true);
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated') return;
        if (event.action.type === 'success' && !event.action.manual) setAnswers(true);
        if (event.action.type === 'failed' || event.action.type === 'error') setAnswers(!isNetworkFailure(event.action.error));
      }),
    [client],
  );
  return network && answers;
}
