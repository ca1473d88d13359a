import { connect, createServer } from 'node:net';

/** Rejects with a sentence when something already listens on the port of loopback. */
export async function assertPortFree(port: number, variable: string, host: string): Promise<void> {
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  const free =
    !answers &&
    (await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, host, () => server.close(() => resolve(true)));
    }));
  if (!free)
    throw new Error(`Port ${port} is in use by another program. Stop that one, or choose another port: ${variable}=${port + 10} npm start`);
}
