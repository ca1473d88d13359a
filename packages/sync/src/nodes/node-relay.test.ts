import { converged, storedText, until } from '@markco/testing/relay-harness';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND, startNodes } from './nodes-test-kit.ts';

describe('two relays on one store', () => {
  it('SY18: what one relays the other shows, both ways, and it is stored once', async () => {
    const { a, b, store, ref } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    for (let i = 0; i < 20; i++) {
      one.text.insert(0, 'a');
      two.text.insert(two.text.length, 'b');
    }
    const text = await converged([one.doc, two.doc]);
    expect(text).toHaveLength(40);
    expect(await storedText(store, ref.documentId)).toBe(text);
    expect(store.rows.get(ref.documentId)!.version).toBe(40);
  });

  it('SY18, SY4: nothing is shown anywhere before it is durable', async () => {
    const { a, b, store } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    store.hold();
    one.text.insert(0, 'held');
    await until(() => a.relay.stats().pendingBytes > 0);
    // Something that travels the same way after it has come.
    one.provider.awareness.setLocalState({ here: true });
    await until(() => two.provider.awareness.getStates().has(one.doc.clientID));
    expect(two.text.toString()).toBe('');
    store.release();
    await until(() => two.text.toString() === 'held');
  });

  it('SY18: a joiner of the other node sees at once what this one showed', async () => {
    const { a, b } = await startNodes();
    const one = a.client();
    await one.synced();
    for (let i = 0; i < 10; i++) one.text.insert(i, String(i));
    const watcher = a.client();
    await until(() => watcher.text.toString() === '0123456789');
    const two = b.client();
    await two.synced();
    expect(two.text.toString()).toBe('0123456789');
  });

  it('SY18: what is committed while the other loads the document is not missed', async () => {
    const { a, b, store } = await startNodes();
    const one = a.client();
    await one.synced();
    const load = store.load.bind(store);
    store.load = async (id) => {
      const loaded = await load(id);
      one.text.insert(0, 'between ');
      await until(() => store.rows.get(id)!.version === 1);
      return loaded;
    };
    const two = b.client();
    await until(() => two.text.toString() === 'between ');
  });

  it('SY18: a lost message is noticed by the next one, and read from the store', async () => {
    const { a, b } = await startNodes({ tuning: { tickMs: 600_000 } });
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    let lost = 0;
    b.link.loses = (_channel, message) => message[1] === KIND.updates && lost++ === 0;
    one.text.insert(0, 'lost');
    await until(() => lost === 1);
    expect(two.text.toString()).toBe('');
    one.text.insert(4, ' found');
    await until(() => two.text.toString() === 'lost found');
  });

  it('SY18: a lost last message is noticed by the head that follows it', async () => {
    const { a, b } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    b.link.loses = (_channel, message) => message[1] === KIND.updates;
    one.text.insert(0, 'the last');
    await until(() => two.text.toString() === 'the last');
  });

  it('SY18: updates too large for the bus are read from the store', async () => {
    const { a, b } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    one.text.insert(0, 'x'.repeat(600_000));
    await converged([one.doc, two.doc]);
    expect(await metric(b, 'sync_tail_reads_total')).toBeGreaterThan(0);
  });

  it('SY18: with the bus cut edits are acknowledged, come over by reading, and joiners get them; back, nothing is missing', async () => {
    const { a, b } = await startNodes({ tuning: { worriedSweepMs: 20 } });
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    for (const { link } of [a, b]) link.cut();
    expect(a.relay.stats().nodes).toMatchObject({ bus: 'down' });
    one.text.insert(0, 'without ');
    await until(() => two.text.toString() === 'without ');
    for (const { link } of [a, b]) link.mend();
    two.text.insert(8, 'with');
    await until(() => one.text.toString() === 'without with');
    await until(() => b.relay.stats().nodes?.others === 1);
    expect(b.relay.stats().nodes).toEqual({ bus: 'up', others: 1 });
  });

  it('SY18: while the bus is cut a joiner is not shown less than the others were', async () => {
    const { a, b } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    for (const { link } of [a, b]) link.cut();
    one.text.insert(0, 'already shown');
    const watcher = a.client();
    await until(() => watcher.text.toString() === 'already shown');
    const joiner = b.client();
    await joiner.synced();
    expect(joiner.text.toString()).toBe('already shown');
  });

  it('SY18: what was committed while the bus was away is told when it is back, also to who never noticed', async () => {
    const { a, b } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    a.link.cut();
    one.text.insert(0, 'unsaid');
    const watcher = a.client();
    await until(() => watcher.text.toString() === 'unsaid');
    expect(two.text.toString()).toBe('');
    a.link.mend();
    await until(() => two.text.toString() === 'unsaid');
  });

  it('SY18: what a process stored and could not tell any more is found when it goes silent', async () => {
    const { a, b } = await startNodes({ tuning: { silentMs: 200 } });
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    await until(() => b.relay.stats().nodes?.others === 1);
    a.link.cut();
    one.text.insert(0, 'its last');
    await until(() => two.text.toString() === 'its last');
  });

  it('SY18, SY10: compaction by one leaves the other’s open document as it is, and both fold what there is', async () => {
    const { a, b, store, ref } = await startNodes({ limits: { compactRows: 20 } });
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    for (let i = 0; i < 60; i++) {
      one.text.insert(0, 'a');
      if (i % 3 === 0) two.text.insert(0, 'b');
    }
    const text = await converged([one.doc, two.doc]);
    await until(() => store.rows.get(ref.documentId)!.snapshot !== null);
    expect(text).toHaveLength(80);
    expect(await storedText(store, ref.documentId)).toBe(text);
  });

  it('SY7, SY18: a replaced history ends the room, whoever still speaks of the old one', async () => {
    const { a, b, store, ref } = await startNodes();
    const [one, two] = [a.client(), b.client()];
    await Promise.all([one.synced(), two.synced()]);
    const codes: (number | undefined)[] = [];
    two.provider.on('connection-close', (event) => codes.push(event?.code));
    store.rows.get(ref.documentId)!.epoch = 'epoch-2';
    one.text.insert(0, 'x');
    await until(() => one.text.length === 1);
    await b.relay.open(ref.documentId).then((handle) => handle.release());
    for (const { link } of [a, b]) {
      link.cut();
      link.mend();
    }
    await until(() => codes[0] === 4409);
  });

  it('SY18: any loss of messages between three nodes ends in the same text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ node: fc.nat({ max: 2 }), lost: fc.nat({ max: 7 }) }), { minLength: 5, maxLength: 40 }),
        async (edits) => {
          const { nodes } = await startNodes({ count: 3 });
          const clients = nodes.map((node) => node.client());
          await Promise.all(clients.map(({ synced }) => synced()));
          for (const [i, { node, lost }] of edits.entries()) {
            for (const [n, { link }] of nodes.entries())
              link.loses = (_channel, message) => message[1] === KIND.updates && (lost & (1 << n)) !== 0;
            const { text } = clients[node]!;
            text.insert(i % (text.length + 1), `<${i}>`);
            if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          const text = await converged(clients.map(({ doc }) => doc));
          // An edit may stand within another; every letter is there once.
          const typed = edits.map((_, i) => `<${i}>`).join('');
          expect([...text].sort().join('')).toBe([...typed].sort().join(''));
          for (const { provider } of clients) provider.destroy();
          await Promise.all(nodes.map((node) => node.stop()));
        },
      ),
      { numRuns: 8 },
    );
  });
});

async function metric(
  node: { relay: { metrics: { registry: { getSingleMetricAsString(name: string): Promise<string> } } } },
  name: string,
): Promise<number> {
  const text = await node.relay.metrics.registry.getSingleMetricAsString(name);
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
