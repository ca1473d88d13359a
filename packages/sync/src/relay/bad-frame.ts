/** SY14: a frame that is not exactly what the protocol allows; it closes its socket (4400) and changes nothing. */
export class BadFrame extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadFrame';
  }
}
