import { request } from 'node:http';
import type { MrpEndpoint } from '@markco/agent/runtimes/mrp-http';
import { describe, expect, it } from 'vitest';
import type { MrpSubject } from '../mrp-conformance.ts';
import { startCell } from './run-cell.ts';

/** An answer as it came. */
interface WireAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** The protocol on the wire, as clients that are not ours see it. */
export function wireCases(subject: MrpSubject, endpoint: () => MrpEndpoint): void {
  const get = (path: string) => call(endpoint(), 'GET', path);
  const post = (path: string, body: unknown) => call(endpoint(), 'POST', path, JSON.stringify(body));
  const json = (answer: WireAnswer) => JSON.parse(answer.text) as Record<string, unknown>;
  /** A cell that waits for a person; `ask` is called meanwhile. */
  const whileBusy = async (ask: (execId: string) => Promise<void>): Promise<void> => {
    const run = startCell(subject.runtime, 'print(repr(input()))');
    await run.until((event) => event.event === 'stdin_request');
    await ask(run.execId);
    await subject.runtime.input(run.execId, '').catch(() => false);
    await run.ended;
  };

  describe('on the wire', () => {
    it('/execute answers with the whole result, and takes no questions', async () => {
      const answer = await post('/execute', { code: 'import sys\nprint("out")\nprint("err", file=sys.stderr)\n6 * 7' });
      expect(answer.status).toBe(200);
      expect(json(answer)).toMatchObject({
        ...{ success: true, stdout: 'out\n', stderr: 'err\n', result: '42', error: null, assets: [], imports: ['sys'], warnings: [] },
        ...{ displayData: [{ data: { 'text/plain': '42' } }], executionCount: expect.any(Number), duration: expect.any(Number) },
        stateRevision: expect.any(Number),
      });
      const failed = json(await post('/execute', { code: '1 / 0' }));
      expect(failed).toMatchObject({ success: false, error: { type: 'ZeroDivisionError', line: 1, traceback: expect.any(Array) } });
      expect((await post('/execute', { code: '1', allowStdin: true })).status).toBe(400);
    });

    it('a stream is server-sent events, numbered from 1', async () => {
      const answer = await post('/execute/stream', { code: 'print("a")\ndisplay(1)', execId: 'wire-1' });
      expect(answer.headers['content-type']).toContain('text/event-stream');
      const events = [...answer.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, name, data]) => ({
        name,
        data: JSON.parse(data!),
      }));
      expect(events.map(({ name }) => name)).toEqual(['start', 'stdout', 'display', 'result', 'done']);
      expect(events.map(({ data }) => data.seq)).toEqual([1, 2, 3, 4, 5]);
      expect(events[0]!.data.execId).toBe('wire-1');
    });

    it('while a cell runs a second is 409 with its id, a question 503 with Retry-After, a reset 409', async () => {
      await whileBusy(async (execId) => {
        const second = await post('/execute', { code: '1' });
        expect([second.status, json(second)]).toEqual([409, expect.objectContaining({ error: 'execution_in_progress', execId })]);
        const question = await post('/variables', {});
        expect([question.status, question.headers['retry-after'], json(question).error]).toEqual([503, '1', 'runtime_busy']);
        expect((await post('/reset', {})).status).toBe(409);
        expect(json(await get('/health'))).toMatchObject({ state: 'waiting_input', currentExecId: execId });
      });
      expect(json(await get('/health'))).toMatchObject({ state: 'idle', currentExecId: null, stateRevision: expect.any(Number) });
    });

    it('an answer may name the execution as exec_id, as older clients do', async () => {
      await whileBusy(async (execId) => {
        expect(json(await post('/input', { exec_id: 'another', text: 'x' }))).toEqual({ accepted: false });
        expect(json(await post('/input', { exec_id: execId, text: 'x' }))).toEqual({ accepted: true });
      });
      expect(json(await post('/input/cancel', { execId: 'none' }))).toEqual({ cancelled: false });
      expect(json(await post('/interrupt', {}))).toEqual({ interrupted: false });
    });

    it('what is not there is 404, and what is no request 400', async () => {
      for (const path of ['/nothing', '/assets/none', '/assets/..%2Fsecret', '/assets/a/b', '/variables'])
        expect([path, (await get(path)).status]).toEqual([path, 404]);
      expect((await post('/variables/no_such_name', {})).status).toBe(404);
      expect((await call(endpoint(), 'POST', '/execute', '{')).status).toBe(400);
      expect((await post('/execute', { code: 1 })).status).toBe(400);
      expect((await post('/complete', { code: 'x' })).status).toBe(400);
    });
  });
}

/** One request, whatever it answers. */
function call({ baseUrl, secret }: MrpEndpoint, method: string, path: string, body?: string): Promise<WireAnswer> {
  const url = `${baseUrl.replace(/\/(mrp\/v1\/?)?$/, '')}/mrp/v1${path}`;
  const headers = { 'content-type': 'application/json', ...(secret && { authorization: `Bearer ${secret}` }) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text })).on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}
