/** Who acts. `sid` names what the credential hangs on (the row of the session, token or device) and is what revocation names (SE2). */
export interface Principal {
  readonly userId: string;
  readonly kind: 'session' | 'token' | 'device' | 'worker';
  readonly sid: string;
  readonly deviceId?: string;
  /** Of a device: the sign-in its token came from (EL2). */
  readonly familyId?: string;
  readonly userName: string | null;
}
