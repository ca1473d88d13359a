/** Asks at once; rejects with the first failure in the order asked, so that the same request always hears the same. */
export async function inOrder<T extends unknown[]>(...questions: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const answers = await Promise.allSettled(questions);
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as { [K in keyof T]: Awaited<T[K]> };
}
