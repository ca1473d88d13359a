import { AppError } from '@markco/core/errors';
import { type AgentPush, type AgentQuestion, type AgentReply, agentRequest, toldArgs } from '../protocol/agent-port.ts';

/** The agent's end of the port to main. */
export interface PortLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
}

type Waiting = { resolve(value: unknown): void; reject(error: Error): void };

/** Answers main's requests, asks main what only it can do, and pushes what nobody asked for. */
export class PortLink {
  readonly #port: PortLike;
  readonly #questions = new Map<number, Waiting>();
  #next = 1;

  constructor(port: PortLike) {
    this.#port = port;
  }

  /** `handle` rejects with words for the person. */
  serve(handle: (method: string, args: unknown) => Promise<unknown>): void {
    this.#port.on('message', ({ data }) => {
      const parsed = agentRequest.safeParse(data);
      if (!parsed.success) return;
      const { id, method, args } = parsed.data;
      if (method === 'told') return this.#told(args);
      handle(method, args).then(
        (value) => this.#send({ type: 'answer', id, value }),
        (error: unknown) => this.#send({ type: 'error', id, message: wordsOf(error) }),
      );
    });
  }

  push(push: AgentPush['push'], value: unknown): void {
    this.#send({ type: 'push', push, value });
  }

  ask(question: AgentQuestion, value: unknown): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#send({ type: 'question', id, question, value });
    });
  }

  #told(args: unknown): void {
    const { question, value, error } = toldArgs.parse(args);
    const waiting = this.#questions.get(question);
    this.#questions.delete(question);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #send(reply: AgentReply): void {
    this.#port.postMessage(reply);
  }
}

/** For the person: our own errors carry their words; others are told as they are. */
function wordsOf(error: unknown): string {
  if (error instanceof AppError) return error.userMessage;
  return error instanceof Error ? error.message : 'That did not work. Try again.';
}
