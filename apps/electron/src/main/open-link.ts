/** EL5: links leave the app only as https; everything else (file:, javascript:, custom schemes) stays closed. */
export async function openLink(url: string, openExternal: (url: string) => Promise<void>): Promise<boolean> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return false;
  }
  if (parsed.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '') return false;
  await openExternal(parsed.href);
  return true;
}
