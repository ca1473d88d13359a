const COLORS = ['#0b5fa5', '#8a3ffc', '#1a7f37', '#a5480b', '#9f1853', '#00717a', '#6929c4', '#7a5f00'];

/** A colour of one's own for cursors, the same on every device of a person. */
export function userColor(userId: string): { color: string; colorLight: string } {
  let sum = 0;
  for (const char of userId) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  const color = COLORS[sum % COLORS.length]!;
  return { color, colorLight: `${color}33` };
}
