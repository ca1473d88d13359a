import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAppRequest } from '../src/main/app-protocol.ts';

/** The window's own address over HTTP, with the same answers and headers as `markco://app`. */
export async function serveWindow(folder: string): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer(async (request, response) => {
    const answer = await answerAppRequest({ url: `markco://app${request.url}`, method: request.method ?? 'GET' }, folder);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
