const KINDS: Record<string, string> = { desktop: 'the MarkCo app', headless: 'the markco command', worker: 'a worker' };
const PLATFORMS: Record<string, string> = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' };

/** What asks to be let in: "the markco command on Linux". */
export const aboutDevice = ({ kind, platform }: { kind: string; platform: string }): string =>
  `${KINDS[kind] ?? 'a program'} on ${PLATFORMS[platform] ?? platform}`;
