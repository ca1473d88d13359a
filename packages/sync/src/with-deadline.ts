/** A wait that took longer than allowed. */
export class DeadlineExceeded extends Error {
  constructor(ms: number) {
    super(`Nothing came within ${ms} ms.`);
    this.name = 'DeadlineExceeded';
  }
}

/** The promise's outcome, or rejects with {@link DeadlineExceeded} after `ms`; a later outcome is ignored. */
export function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineExceeded(ms)), ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
