import { randomUUID } from 'node:crypto';
import { agentRouter } from '@markco/api/agents/agent-router';
import type { Principal } from '@markco/api/auth/principal';
import { makeContext } from '@markco/api/context';
import type { Resources } from '@markco/api/resources';
import { createCallerFactory } from '@markco/api/trpc';
import type { AgentMessage, MrpRequest, RegisterMessage, SendReply, ServerMessage } from '@markco/core/device/agent-message';
import { AGENT_PROTOCOL_VERSION } from '@markco/core/device/constants';
import type { CapabilitySnapshot } from '@markco/core/device/device';
import type { RunEventBody } from '@markco/core/run/run-event';

/** How a fake device reaches the gateway. */
export interface AgentTransport {
  commands(hello: RegisterMessage, signal: AbortSignal): Promise<AsyncIterable<ServerMessage>>;
  send(message: AgentMessage): Promise<SendReply>;
}

/** The gateway's router in this process, as if over a socket signed in as `principal`. */
export function callerTransport(resources: Resources, principal: Principal): AgentTransport {
  const call = createCallerFactory(agentRouter);
  const context = makeContext(resources, principal);
  return {
    commands: async (hello, signal) => (await call(context, { signal }).commands(hello)) as unknown as AsyncIterable<ServerMessage>,
    send: (message) => call(context).send(message),
  };
}

type OmitEnvelope<T> = T extends unknown ? Omit<T, 'messageId' | 'userId' | 'deviceId' | 'timestamp'> : never;
/** What a script gets: the command, and the device to answer with. */
export type Script = (command: MrpRequest, device: FakeDevice) => Promise<unknown> | unknown;

export interface FakeDeviceOptions {
  deviceId: string;
  userId: string;
  name?: string;
  kind?: RegisterMessage['kind'];
  projectIds?: string[];
  capabilities?: CapabilitySnapshot;
  allowRuns?: boolean;
  bootId?: string;
  /** What it does with each command; the default runs everything and prints `ran <code>`. */
  script?: Script;
}

export const pythonAvailable: CapabilitySnapshot = {
  runtimes: [{ runtimeId: 'python', language: 'python', kind: 'native', label: 'Python', state: 'available' }],
};

/** A device under the test's control: it speaks the agent protocol, keeps what it was told, and counts what it executed. */
export class FakeDevice {
  readonly options: FakeDeviceOptions;
  readonly received: ServerMessage[] = [];
  /** Run ids in the order they were executed; twice in here is the worst bug there is (RU10). */
  readonly executed: string[] = [];
  /** Why the command stream ended, when it ended with an error. */
  closedBy: unknown = null;
  readonly #transport: AgentTransport;
  readonly #waiters = new Set<() => void>();
  readonly #journal = new Map<string, { attempt: number; phase: 'accepted' | 'started' | 'ended'; lastSeq: number }>();
  #abort = new AbortController();
  #stream: Promise<void> = Promise.resolve();
  #work: Promise<unknown>[] = [];

  constructor(transport: AgentTransport, options: FakeDeviceOptions) {
    this.#transport = transport;
    this.options = options;
  }

  /** Opens the command stream and resolves once it was welcomed. */
  async connect(): Promise<this> {
    const { options } = this;
    this.#abort = new AbortController();
    this.closedBy = null;
    const seen = this.received.length;
    const stream = await this.#transport.commands(
      {
        ...this.#envelope(),
        type: 'REGISTER',
        protocol: AGENT_PROTOCOL_VERSION,
        bootId: options.bootId ?? 'boot-1',
        name: options.name ?? 'Fake device',
        kind: options.kind ?? 'headless',
        platform: 'linux',
        version: '0.0.0-test',
        allowRuns: options.allowRuns ?? true,
        projectIds: options.projectIds ?? [],
        capabilities: options.capabilities ?? pythonAvailable,
      },
      this.#abort.signal,
    );
    this.#stream = this.#read(stream);
    await this.until(() => this.closedBy !== null || this.received.slice(seen).some((m) => m.type === 'WELCOME'));
    if (this.closedBy) throw this.closedBy;
    return this;
  }

  async #read(stream: AsyncIterable<ServerMessage>): Promise<void> {
    try {
      for await (const message of stream) {
        this.received.push(message);
        if (message.type === 'MRP_REQUEST') {
          const script = this.options.script ?? runsEverything;
          this.#work.push(Promise.resolve(script(message, this)).catch(() => {}));
        }
        this.#changed();
      }
    } catch (error) {
      this.closedBy = error;
    }
    this.#changed();
  }

  /** Drops the socket without a word, as a lost network does. */
  async disconnect(): Promise<void> {
    this.#abort.abort();
    await this.#stream;
  }

  /** Resolves when the condition holds; asked again after every message and every 10 ms. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, 10);
        this.#waiters.add(done);
      });
    }
  }

  #changed(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #envelope() {
    return { messageId: randomUUID(), userId: this.options.userId, deviceId: this.options.deviceId, timestamp: Date.now() };
  }

  send(message: OmitEnvelope<AgentMessage>): Promise<SendReply> {
    return this.#transport.send({ ...this.#envelope(), ...message } as AgentMessage);
  }

  /** Commands of a kind received so far, for one run where given. */
  commands(kind: MrpRequest['kind'], runId?: string): MrpRequest[] {
    const found = this.received.filter((m): m is MrpRequest => m.type === 'MRP_REQUEST' && m.kind === kind);
    return runId === undefined ? found : found.filter((m) => idOf(m) === runId);
  }

  accept(runId: string, attempt: number): Promise<SendReply> {
    this.#journal.set(runId, { attempt, phase: 'accepted', lastSeq: 0 });
    return this.send({ type: 'MRP_RESPONSE', kind: 'accept', runId, attempt });
  }

  /** Whether the journal lets this grant start the run: once, and only for the attempt it accepted. */
  begin(runId: string, attempt: number): boolean {
    const entry = this.#journal.get(runId);
    if (entry?.attempt !== attempt || entry.phase !== 'accepted') return false;
    entry.phase = 'started';
    this.executed.push(runId);
    return true;
  }

  /** Sends the next events of a run, numbered by the journal. */
  emit(runId: string, attempt: number, bodies: readonly RunEventBody[]): Promise<SendReply> {
    const entry = this.#journal.get(runId);
    const from = entry?.lastSeq ?? 0;
    if (entry) entry.lastSeq += bodies.length;
    if (entry && bodies.some((body) => body.kind === 'ended')) entry.phase = 'ended';
    const events = bodies.map((body, i) => ({ seq: from + i + 1, at: Date.now(), body }));
    return this.send({ type: 'MRP_RESPONSE', kind: 'events', runId, attempt, events });
  }

  heartbeat(capabilities = this.options.capabilities ?? pythonAvailable): Promise<SendReply> {
    return this.send({ type: 'HEARTBEAT', capabilities });
  }

  /** RU11: reports the journal. */
  resume(over: { alive?: boolean } = {}): Promise<SendReply> {
    const runs = [...this.#journal].map(([runId, entry]) => ({ runId, ...entry, alive: over.alive ?? true }));
    return this.send({ type: 'RESUME', bootId: this.options.bootId ?? 'boot-1', runs });
  }

  /** Forgets everything, as a wiped disk does. */
  wipe(): void {
    this.#journal.clear();
  }

  /** Every answer the scripts have begun is done. */
  async settled(): Promise<void> {
    while (this.#work.length > 0) await Promise.all(this.#work.splice(0));
  }
}

const idOf = (message: MrpRequest): string | undefined => {
  if (message.kind === 'offer') return message.offer.runId;
  return 'runId' in message ? message.runId : undefined;
};

/** Accepts every offer, executes on the grant, prints and completes; answers probes; ends what it is told to cancel. */
export const runsEverything: Script = async (command, device) => {
  switch (command.kind) {
    case 'offer':
      await device.accept(command.offer.runId, command.offer.attempt);
      return;
    case 'grant': {
      const { runId, attempt } = command;
      if (!device.begin(runId, attempt)) return;
      const text = `ran ${codeOf(device, runId)}\n`;
      await device.emit(runId, attempt, [
        { kind: 'started' },
        { kind: 'stdout', text },
        { kind: 'ended', outcome: 'completed', durationMs: 5 },
      ]);
      return;
    }
    case 'probe':
    case 'session':
      await device.send({ type: 'MRP_RESPONSE', kind: 'answer', requestId: command.requestId, result: {} });
      return;
    case 'introspect':
      await device.send({ type: 'MRP_RESPONSE', kind: 'answer', requestId: command.requestId, result: { op: command.op } });
  }
};

function codeOf(device: FakeDevice, runId: string): string {
  const offer = device.commands('offer', runId)[0];
  return offer?.kind === 'offer' ? offer.offer.request.code : '';
}
