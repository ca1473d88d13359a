/** WB9: measures how long an edit made while connected took until the relay had confirmed everything, in ms. */
export function createConfirmTimer(onConfirmed: (ms: number) => void, now: () => number = () => performance.now()) {
  let since: number | null = null;
  let last = 0;
  return {
    /** Call with each new state. */
    saw(synced: boolean, unsaved: number): void {
      if (!synced) since = null;
      else if (unsaved > 0 && last === 0) since = now();
      else if (unsaved === 0 && since !== null) {
        onConfirmed(now() - since);
        since = null;
      }
      last = unsaved;
    },
  };
}
