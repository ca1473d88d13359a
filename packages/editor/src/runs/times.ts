const DAY_MS = 24 * 60 * 60 * 1000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const dayOf = (at: Date): number => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / DAY_MS;
const two = (value: number): string => String(value).padStart(2, '0');

/** A moment as the person's clock shows it, with the day where it is not today: "14:02", "tomorrow 14:02", "3 May 14:02". `now` in ms. */
export function whenText(at: Date, now: number): string {
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const days = dayOf(at) - dayOf(new Date(now));
  if (days === 0) return time;
  if (Math.abs(days) === 1) return `${days > 0 ? 'tomorrow' : 'yesterday'} ${time}`;
  const year = at.getFullYear() === new Date(now).getFullYear() ? '' : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${MONTHS[at.getMonth()]}${year} ${time}`;
}

/** How long ago, in the largest whole unit: "just now", "12 min ago", "3 h ago", "2 days ago". `now` in ms. */
export function agoText(at: Date, now: number): string {
  const minutes = Math.floor((now - at.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

/** A sentence of the server with its UTC times on the person's clock. A time without a day is the last one before `now` (ms). */
export function localTimes(sentence: string, now: number): string {
  return sentence.replace(/(?:(\d{4})-(\d\d)-(\d\d) )?(\d\d):(\d\d) UTC/g, (_, year, month, day, hours, minutes) => {
    if (year) return whenText(new Date(Date.UTC(+year, +month - 1, +day, +hours, +minutes)), now);
    const today = new Date(now);
    const at = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate(), +hours, +minutes);
    return whenText(new Date(at > now ? at - DAY_MS : at), now);
  });
}
