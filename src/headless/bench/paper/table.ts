// Kernels on paper as a table for a person.
import type { KernelOnPaper } from './model';

const micro = (seconds: number) => (seconds * 1e6).toFixed(seconds < 1e-5 ? 2 : 1);

/** Columns of the table: each heading, and its text for a kernel. */
const COLUMNS: readonly (readonly [string, (kernel: KernelOnPaper) => string | number])[] = [
  ['kernel', ({ counts: { label } }) => label],
  ['times', ({ dispatches }) => dispatches],
  ['grid', ({ counts: { grid } }) => grid.join('×').replace(/(×1)+$/, '')],
  ['threads', ({ counts: { threads } }) => threads],
  ['wave', ({ counts: { wave, threads } }) => `${wave}${threads < wave ? '!' : ''}`],
  ['VGPRs', ({ counts: { registers } }) => registers],
  ['waves/SIMD', ({ counts: { wavesPerSimd } }) => wavesPerSimd],
  ['spilled', ({ counts: { spilled, scratch } }) => spilled + scratch],
  ['LDS', ({ counts: { shared } }) => shared],
  ['VALU/work', ({ counts: { vector, work } }) => (vector / work).toFixed(2)],
  ['in loop', ({ counts: { inner, work } }) => (inner / work).toFixed(2)],
  ['FMA %', ({ counts: { multiplyAdds, vector } }) => ((100 * multiplyAdds) / Math.max(1, vector)).toFixed(0)],
  [
    'in loop %',
    ({ counts: { innerMultiplyAdds, inner } }) => ((100 * innerMultiplyAdds) / Math.max(1, inner)).toFixed(0),
  ],
  ['B/access', ({ counts: { bytesPerAccess } }) => bytesPerAccess.toFixed(1)],
  ['µs memory', ({ bound }) => micro(bound.memory)],
  ['VALU', ({ bound }) => micro(bound.vector)],
  ['LDS', ({ bound }) => micro(bound.shared)],
  ['cache', ({ bound }) => micro(bound.cache)],
  ['bound', ({ bound }) => micro(bound.seconds)],
  ['all', ({ bound, dispatches }) => micro(bound.seconds * dispatches)],
  ['', ({ counts: { assumed, endless, missed } }) => [...(assumed ? ['~', ...missed] : []), ...endless].join(' ')],
];

export function table(kernels: readonly KernelOnPaper[]): string {
  const rows = [COLUMNS.map(([head]) => head), ...kernels.map((each) => COLUMNS.map(([, of]) => String(of(each))))];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
