import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';

/** What came of a cell; ms since the request was sent. */
export interface TimedExecution {
  readonly firstOutput: number;
  readonly lastOutput: number;
  /** The reply and the kernel's "idle" are both here. */
  readonly ended: number;
  readonly stdout: string;
}

/** A message of Jupyter's protocol, as its server wraps it for a socket without a subprotocol. */
interface KernelMessage {
  readonly header: { readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly name?: string; readonly text?: string; readonly status?: string; readonly execution_state?: string };
}

/** Sends one `execute_request` and collects what answers it. Rejects where the cell fails or the socket closes. */
export function execute(socket: WebSocket, code: string): Promise<TimedExecution> {
  const request = executeRequest(code);
  return new Promise((resolve, reject) => {
    const seen = { firstOutput: Number.NaN, lastOutput: Number.NaN, stdout: [] as string[], reply: false, idle: false };
    const finish = (settle: () => void) => {
      socket.off('message', onMessage).off('close', onClose);
      settle();
    };
    const onClose = () => finish(() => reject(new Error('Jupyter closed the socket before the cell had ended.')));
    const onMessage = (data: RawData) => {
      const at = performance.now() - began;
      const { header, parent_header: parent, content } = JSON.parse(data.toString()) as KernelMessage;
      if (parent.msg_id !== request.header.msg_id) return;
      if (header.msg_type === 'stream' && content.name === 'stdout') {
        if (seen.stdout.length === 0) seen.firstOutput = at;
        seen.lastOutput = at;
        seen.stdout.push(content.text ?? '');
      }
      seen.reply ||= header.msg_type === 'execute_reply';
      seen.idle ||= header.msg_type === 'status' && content.execution_state === 'idle';
      if (content.status === 'error') finish(() => reject(new Error('The cell failed in Jupyter.')));
      else if (seen.reply && seen.idle) finish(() => resolve({ ...seen, stdout: seen.stdout.join(''), ended: at }));
    };
    socket.on('message', onMessage).on('close', onClose);
    const began = performance.now();
    socket.send(JSON.stringify(request));
  });
}

function executeRequest(code: string) {
  const header = {
    msg_id: randomUUID(),
    msg_type: 'execute_request',
    username: 'bench',
    session: randomUUID(),
    date: new Date().toISOString(),
    version: '5.3',
  };
  const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true };
  return { header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] };
}
