import { createHash } from 'node:crypto';
import type { CreateRunInput } from '@markco/core/run/run';
import { v7 } from 'uuid';
import type { Person } from './seed-fleet.ts';

/**
 * A person's taps, each after the answer to the one before.
 * @param sessionOf names the session of each; without it all are of one
 * @returns the ids of the runs, in order
 */
export async function tapRepeatedly(
  url: string,
  { token, place }: Person,
  times: number,
  sessionOf?: (tap: number) => string,
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < times; i++) {
    const code = `print(${i})`;
    const codeHash = createHash('sha256').update(code).digest('hex');
    const session = sessionOf && { sessionName: sessionOf(i) };
    const input: CreateRunInput = { ...place, ...session, runId: v7(), language: 'python', code, codeHash };
    const answer = await fetch(`${url}/api/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw new Error(`POST /api/runs answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    ids.push(input.runId);
  }
  return ids;
}
