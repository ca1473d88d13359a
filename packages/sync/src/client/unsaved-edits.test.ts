import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnsavedEdits } from './unsaved-edits.ts';

/** A server that acknowledges what reached it, in order, over a line that the test may spoil. */
class Line {
  readonly edits = new UnsavedEdits();
  /** Numbers of edits that are durable. */
  readonly durable = new Set<number>();
  /** Edits not sent in this connection. */
  private waiting: number[] = [];
  private toServer: { bytes: Uint8Array; holds: number[] }[] = [];
  echoes: { bytes: Uint8Array }[] = [];
  private questions: { upTo: number; at: number }[] = [];
  private connected = false;

  edit(): void {
    const number = this.edits.edited();
    if (this.connected) this.send([number]);
    else this.waiting.push(number);
  }

  /** Bytes tell edits apart, as Yjs' do: equal ones are the same deletion. Only handshakes that bring nothing are alike. */
  private send(holds: number[]): void {
    const bytes = Uint8Array.from(holds);
    this.edits.sent(bytes);
    this.toServer.push({ bytes, holds });
  }

  connect(): void {
    if (this.connected) return;
    this.connected = true;
    // The handshake sends what the server lacks, which may be nothing.
    this.send(this.waiting.splice(0));
  }

  cut(): void {
    if (!this.connected) return;
    this.connected = false;
    this.edits.disconnected();
    // What was on its way may have arrived or not; the handshake brings all that is not durable.
    this.toServer = [];
    this.echoes = [];
    this.questions = [];
    this.waiting = Array.from({ length: this.edits.made }, (_, i) => i + 1).filter((number) => !this.durable.has(number));
  }

  commit(): void {
    const arrived = this.toServer.shift();
    if (!arrived) return;
    for (const number of arrived.holds) this.durable.add(number);
    this.echoes.push({ bytes: arrived.bytes });
  }

  deliver(): void {
    const echo = this.echoes.shift();
    if (echo) this.edits.received(echo.bytes);
  }

  /** SyncStep1: answered when all that was sent before is durable. */
  ask(): void {
    if (this.connected && this.edits.isWaiting) this.questions.push({ upTo: this.edits.made, at: this.toServer.length });
  }

  answer(): void {
    const question = this.questions.shift();
    if (!question) return;
    while (this.toServer.length > 0 && this.durable.size < question.upTo) this.commit();
    this.edits.confirmed(question.upTo);
  }
}

const step = fc.constantFrom(
  'edit',
  'edit',
  'edit',
  'commit',
  'commit',
  'deliver',
  'deliver',
  'connect',
  'cut',
  'ask',
  'answer',
  'lose',
) as fc.Arbitrary<'edit' | 'commit' | 'deliver' | 'connect' | 'cut' | 'ask' | 'answer' | 'lose'>;

describe('UnsavedEdits (SY5)', () => {
  it('SY5: never counts an edit as saved that is not durable, whatever is lost, and knows all in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const line = new Line();
        for (const action of steps) {
          // An echo that was dropped because the reader was slow (SY13): the ones behind it still come.
          if (action === 'lose') line.echoes.shift();
          else line[action]();
          for (let number = 1; number <= line.edits.saved; number++) expect(line.durable.has(number)).toBe(true);
          expect(line.edits.count).toBe(line.edits.made - line.edits.saved);
        }
        line.cut();
        line.connect();
        for (let i = 0; i < 200; i++) {
          line.commit();
          line.deliver();
        }
        line.ask();
        line.answer();
        expect(line.edits.count).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('SY5: a foreign or repeated update acknowledges nothing', () => {
    const edits = new UnsavedEdits();
    edits.edited();
    edits.sent(Uint8Array.of(1));
    edits.edited();
    edits.sent(Uint8Array.of(2));
    expect(edits.received(Uint8Array.of(2))).toBe(false);
    expect(edits.received(Uint8Array.of(9))).toBe(false);
    expect(edits.count).toBe(2);
    expect(edits.received(Uint8Array.of(1))).toBe(true);
    expect(edits.received(Uint8Array.of(1))).toBe(false);
    expect(edits.count).toBe(1);
  });

  it('WB3: edits found from an earlier visit count until everything is confirmed', () => {
    const edits = new UnsavedEdits();
    edits.edited();
    edits.found(3);
    expect(edits.count).toBe(4);
    edits.sent(Uint8Array.of(7));
    edits.received(Uint8Array.of(7));
    expect(edits.count).toBe(0);
  });
});
