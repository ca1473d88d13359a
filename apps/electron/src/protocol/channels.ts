/** EL5: every method the window may call. Apart from the schemas, so that the preload script stays small. */
export const METHOD_NAMES = [
  'status',
  'settings',
  'chooseFolder',
  'linkFolder',
  'unlinkFolder',
  'signIn',
  'cancelSignIn',
  'signOut',
  'pause',
  'setAllowRuns',
  'setOpenAtLogin',
  'acceptPlainTokens',
  'openLink',
  'openWorkspace',
  'documentTicket',
  'createDocument',
  'renameDocument',
  'deleteDocument',
  'restoreDocument',
  'decideRemoval',
  'startRuns',
  'listRuns',
  'readRun',
  'cancelRun',
  'answerInput',
  'introspect',
  'sessionOp',
  'readAsset',
] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

/** What main sends to the window without being asked. */
export const PUSH_NAMES = ['status', 'workspace'] as const;
export type PushName = (typeof PUSH_NAMES)[number];

export const channelOf = (method: MethodName): string => `markco:${method}`;
export const pushChannelOf = (push: PushName): string => `markco:push:${push}`;
