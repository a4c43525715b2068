// Numbers and dates as people read them.

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units, three significant digits: `6.66 MB` */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** `7.2M`, `135M`, `6.7B` */
export function formatCount(count: number): string {
  for (const [size, letter] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    const value = count / size;
    if (value >= 1) return `${value < 99.5 ? Number(value.toPrecision(2)) : Math.round(value)}${letter}`;
  }
  return String(count);
}

/** `4,096`: numbers of tokens and the like. */
export const formatNumber = (count: number): string => count.toLocaleString('en');

/** `1 row`, `2,000 rows`; `many` where it is not the word with an s. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

/** `Loading 43 %`; of a stage that tells no share, its name. */
export const formatStage = ({ stage, done, total }: { stage: string; done: number; total: number }) =>
  done < total ? `${stage} ${formatPercent(done, total)}` : stage;

export const formatPercent = (done: number, total: number) =>
  total > 0 ? `${Math.min(100, Math.floor((done / total) * 100))} %` : '';

export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 0.995) return `${Math.round(milliseconds)} ms`;
  if (seconds < 59.5) return `${Number(seconds.toPrecision(2))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What is left of something: in whole seconds, as it is a guess. */
export const formatLeft = (milliseconds: number) => formatSeconds(Math.max(1, Math.round(milliseconds / 1000)) * 1000);

export const formatRate = (perSecond: number) =>
  `${perSecond >= 100 ? Math.round(perSecond) : Number(perSecond.toPrecision(2))} tokens/s`;

const DAY = 86_400_000;

/** `14:05` today, `Tue` this week, else a date. */
export function formatWhen(time: number, now = Date.now()): string {
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) {
    return date.toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' });
  }
  if (now - time < 6 * DAY) return date.toLocaleDateString(undefined, { weekday: 'short' });
  return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}
