/**
 * How relay processes reach each other (SY18): publish and subscribe by channel, at most once, in order from one sender.
 * Nothing is kept for those who are away; they read the store when they are back.
 */
export interface NodeLink {
  /** Whether messages go out and come in, as far as can be known. */
  readonly up: boolean;
  /** Rejects where the message was not handed over. */
  publish(channel: string, message: Uint8Array): Promise<void>;
  /** Once resolved, messages arrive; while the link is down it resolves at once, and {@link onUp} follows. Never rejects. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): void;
  onMessage(listener: (channel: string, message: Uint8Array) => void): void;
  /** It works (again), every channel included: what was said meanwhile is gone. */
  onUp(listener: () => void): void;
  onDown(listener: () => void): void;
  close(): Promise<void>;
}
