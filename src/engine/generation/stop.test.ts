import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopFilter } from './stop';

/** What comes out of a filter that is fed piece by piece. */
function filtered(pieces: readonly string[], stops: readonly string[]): string {
  const filter = new StopFilter(stops);
  return pieces.map((piece) => filter.push(piece)).join('') + filter.flush();
}

test('text ends before the first stop string, however it is cut into pieces', () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '#'), maxLength: 3 }), { maxLength: 12 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '#'), maxLength: 4 }), { maxLength: 3 });
  fc.assert(
    fc.property(text, stops, (pieces, given) => {
      const whole = pieces.join('');
      const ends = given.filter((stop) => stop !== '').map((stop) => whole.indexOf(stop));
      const first = Math.min(whole.length, ...ends.filter((at) => at >= 0));
      // a stop string that ends later than another may begin earlier: what is certain by then has been given out
      const out = filtered(pieces, given);
      expect(whole.startsWith(out)).toBe(true);
      if (given.length <= 1) expect(out).toBe(whole.slice(0, first));
      else expect(out.length).toBeGreaterThanOrEqual(first);
      for (const stop of given) if (stop !== '') expect(out.includes(stop)).toBe(false);
    }),
  );
});

test('what may begin a stop string waits', () => {
  const filter = new StopFilter(['\n###']);
  expect(filter.push('done\n#')).toBe('done');
  expect(filter.pending).toBe('\n#');
  expect(filter.push(' not')).toBe('\n# not');
  expect(filter.push('\n###')).toBe('');
  expect(filter.stopped).toBe(true);
});
