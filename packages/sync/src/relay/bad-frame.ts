import { CLOSE } from '@markco/core/sync/close-code';

/** SY14: a frame that is not exactly what the protocol allows; it closes its socket (4400) and changes nothing. */
export class BadFrame extends Error {
  /** What the socket is closed with. */
  readonly code: number = CLOSE.badFrame;

  constructor(message: string) {
    super(message);
    this.name = 'BadFrame';
  }
}

/** SY17: a frame that would be allowed were it smaller; its socket is closed with 1009, which our client does not retry. */
export class FrameTooLarge extends BadFrame {
  override readonly code: number = CLOSE.tooLarge;
}
