import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeDevice, runsEverything, type Script } from '@markco/testing/fake-device';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { socketTransport } from '@markco/testing/socket-transport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signDeviceToken } from '../auth/device-token.ts';
import type { Principal } from '../auth/principal.ts';
import { type Api, createApi } from '../http/create-api.ts';
import { answerInput } from '../run-engine/answer-input.ts';
import { createRun } from '../run-engine/create-run.ts';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { revokeDevice } from './revoke-device.ts';

let t: TestEngine;
let api: Api;
let server: Server;
let base: string;
beforeAll(async () => {
  t = await testEngine();
  api = createApi(t.resources);
  server = createServer();
  server.on('upgrade', (req, socket, head) => api.handleUpgrade(req, socket, head) || socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await t.close();
});

const overSocket = ({ userId, deviceId, familyId }: Principal) =>
  socketTransport(base, () => signDeviceToken(t.resources.secret, { sub: userId, did: deviceId!, fam: familyId!, name: null }, new Date()));
const device = (script?: Script) => makeDevice(t.resources, t.ada, [t.project], { transport: overSocket, ...(script && { script }) });
const run = async () => {
  const request = makeRequest(t.resources, t.project, { sessionName: t.resources.newId() });
  await createRun(t.resources, t.ada, request);
  return request.runId;
};

describe('gateway over a real socket (AG1)', () => {
  it('AG1: a run goes there and back, with a question in between', async () => {
    const asks: Script = async (command, self) => {
      if (command.kind === 'input') {
        const { runId } = command;
        await self.emit(runId, 1, [
          { kind: 'stdin_answered', shown: command.text },
          { kind: 'ended', outcome: 'completed', durationMs: 1 },
        ]);
      } else if (command.kind !== 'grant') await runsEverything(command, self);
      else if (self.begin(command.runId, command.attempt)) {
        await self.emit(command.runId, 1, [{ kind: 'started' }, { kind: 'stdin_request', prompt: '? ', password: false, execId: 'x' }]);
      }
    };
    const made = await device(asks);
    await made.device.connect();
    const runId = await run();
    await t.untilRun(runId, (row) => row.awaitingInput !== null);
    await answerInput(t.resources, t.ada, { runId, execId: 'x', text: 'Ada' });
    const items = await t.watch(runId);
    expect(items.at(-1)).toMatchObject({ type: 'run', run: { state: 'completed', ranOn: 'MacBook Pro' } });
    await revokeDevice(t.resources, t.ada, made.deviceId);
  });

  it('AG2: the older socket of a device ends as replaced', async () => {
    const made = await device();
    await made.device.connect();
    const again = await makeDeviceAgain(made.principal);
    await made.device.until(() => made.device.closedBy !== null);
    expect(made.device.closedBy).toMatchObject({ end: { kind: 'replaced' } });
    await again.disconnect();
    await revokeDevice(t.resources, t.ada, made.deviceId);
  });

  it('AG8: a revoked device ends as unauthenticated, and its token is worth nothing', async () => {
    const made = await device();
    await made.device.connect();
    await revokeDevice(t.resources, t.ada, made.deviceId);
    await made.device.until(() => made.device.closedBy !== null);
    expect(made.device.closedBy).toMatchObject({ end: { kind: 'unauthenticated' } });
    await expect(made.device.connect()).rejects.toMatchObject({ end: { kind: 'unauthenticated' } });
  });

  it('RU11: the socket breaks while a run goes on: RESUME brings the rest, and it runs once', async () => {
    let part: () => void = () => {};
    const half: Script = async (command, self) => {
      if (command.kind !== 'grant') return runsEverything(command, self);
      if (!self.begin(command.runId, command.attempt)) return;
      await self.emit(command.runId, 1, [{ kind: 'started' }, { kind: 'stdout', text: 'first' }]);
      part();
    };
    const made = await device(half);
    await made.device.connect();
    const begun = new Promise<void>((resolve) => {
      part = resolve;
    });
    const runId = await run();
    await begun;
    await made.device.disconnect();
    await made.device.connect();
    expect((await made.device.resume()).resume?.runs).toEqual([{ runId, ackedSeq: 2, action: 'continue' }]);
    await made.device.emit(runId, 1, [
      { kind: 'stdout', text: 'second' },
      { kind: 'ended', outcome: 'completed', durationMs: 1 },
    ]);
    const seqs = (await t.watch(runId)).flatMap((item) => (item.type === 'event' ? [item.event.seq] : []));
    expect(seqs).toEqual([1, 2, 3, 4]);
    expect(made.device.executed).toEqual([runId]);
  });
});

async function makeDeviceAgain(principal: Principal) {
  return new FakeDevice(overSocket(principal), { deviceId: principal.deviceId!, userId: principal.userId, kind: 'desktop' }).connect();
}
