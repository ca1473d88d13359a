import { writeStep1 } from '@markco/sync/wire/write-frame';
import { fuzzFrames } from '@markco/testing/fuzz-frames';
import { WebSocket } from 'ws';
import { readOrRefuse } from './read-or-refuse.ts';

/** What became of the frames: how often each close code came, and how many that must be refused were not. */
export interface FuzzReport {
  readonly closed: Record<string, number>;
  readonly refusedByReading: number;
  readonly notClosed: number;
}

const SOCKETS = 40;

/**
 * Sends fuzzed frames to a relay over some sockets at once, each until it is closed. A process of its own, so that making the
 * frames does not count as the relay's time. Arguments: address of the document, seed, how many. Prints a {@link FuzzReport}.
 */
async function main([url, seed, count]: readonly string[]): Promise<void> {
  const frames = fuzzFrames(Number(seed));
  const report = { closed: {} as Record<string, number>, refusedByReading: 0, notClosed: 0 };
  let left = Number(count);
  let people = 0;
  const send = async (): Promise<void> => {
    let person = `fuzz-${people++}`;
    let client: Awaited<ReturnType<typeof connect>> | null = null;
    while (left-- > 0) {
      const frame = frames.next().value as Uint8Array | string;
      if (client?.socket.readyState !== WebSocket.OPEN) client = await connect(`${url}?as=${person}`);
      client.socket.send(frame);
      if (isLegal(frame) && client.socket.bufferedAmount < 1_000_000) continue;
      if (!isLegal(frame)) report.refusedByReading++;
      // Half closed from here: what is legal was taken before the rest is refused.
      if (isLegal(frame)) client.socket.send('end');
      const { code, reason } = await client.closed;
      report.closed[code] = (report.closed[code] ?? 0) + 1;
      if (code === 1006) report.notClosed++;
      // Who broke the document may not write to it for a while: another one goes on.
      if (reason.includes('cannot be applied') || reason.includes('ten minutes') || reason.includes('nested')) person = `fuzz-${people++}`;
    }
    client?.socket.close();
    await client?.closed;
  };
  await Promise.all(Array.from({ length: SOCKETS }, send));
  process.stdout.write(JSON.stringify(report satisfies FuzzReport));
}

const isLegal = (frame: Uint8Array | string): boolean => readOrRefuse(frame) !== null;

async function connect(url: string) {
  for (;;) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('error', () => {});
    const open = await Promise.race([new Promise<true>((resolve) => socket.once('open', () => resolve(true))), closed.then(() => false)]);
    if (!open) continue;
    socket.send(writeStep1(Uint8Array.of(0)));
    return { socket, closed };
  }
}

await main(process.argv.slice(2));
