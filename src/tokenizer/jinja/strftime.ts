// Dates as Python's `strftime` writes them in the C locale.

import { unsupported } from './errors';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export function strftime(date: Date, format: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const hour = date.getHours();
  const day = DAYS[date.getDay()] ?? '';
  const month = MONTHS[date.getMonth()] ?? '';
  const codes: Readonly<Record<string, () => string>> = {
    a: () => day.slice(0, 3),
    A: () => day,
    b: () => month.slice(0, 3),
    B: () => month,
    d: () => two(date.getDate()),
    e: () => String(date.getDate()).padStart(2),
    D: () => strftime(date, '%m/%d/%y'),
    F: () => strftime(date, '%Y-%m-%d'),
    T: () => strftime(date, '%H:%M:%S'),
    R: () => strftime(date, '%H:%M'),
    H: () => two(hour),
    I: () => two(hour % 12 || 12),
    j: () =>
      String(
        Math.round(
          (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 864e5,
        ),
      ).padStart(3, '0'),
    m: () => two(date.getMonth() + 1),
    M: () => two(date.getMinutes()),
    p: () => (hour < 12 ? 'AM' : 'PM'),
    S: () => two(date.getSeconds()),
    w: () => String(date.getDay()),
    y: () => two(date.getFullYear() % 100),
    Y: () => String(date.getFullYear()),
    n: () => '\n',
    t: () => '\t',
    '%': () => '%',
  };
  return format.replace(/%(-?)([^])?/g, (whole, bare: string, code = '') => {
    const write = Object.hasOwn(codes, code) ? codes[code] : undefined;
    if (!write) throw unsupported(`“${whole}” in a date`);
    return bare ? write().replace(/^[0 ]+(?=.)/, '') : write();
  });
}
