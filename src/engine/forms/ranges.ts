// Numbers between two bounds, digit by digit.
import { all, any, character, exactly, type Regular, times } from './regular';

/** Digits that a number may have, with those behind its point. */
const MOST_DIGITS = 15;

const digit = (from: number, to: number) => character([[0x30 + from, 0x30 + to]]);

/** Decimal strings of one length, from one to another. */
function between(low: string, high: string): Regular {
  if (low.length === 0) return all([]);
  const [a, b] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  if (a === b) return all([digit(a, a), between(low.slice(1), high.slice(1))]);
  const parts: Regular[] = [];
  const [nine, zero] = ['9'.repeat(rest), '0'.repeat(rest)];
  const free = times(digit(0, 9), rest, rest);
  const wholeLow = low.slice(1) === zero;
  const wholeHigh = high.slice(1) === nine;
  if (!wholeLow) parts.push(all([digit(a, a), between(low.slice(1), nine)]));
  const [from, to] = [wholeLow ? a : a + 1, wholeHigh ? b : b - 1];
  if (from <= to) parts.push(all([digit(from, to), free]));
  if (!wholeHigh) parts.push(all([digit(b, b), between(zero, high.slice(1))]));
  return any(parts);
}

/** With a point before the last digits; `places` is how many. */
function pointed(low: string, high: string, places: number): Regular {
  if (places === 0) return between(low, high);
  // the digits before the point decide whether those behind it are free
  const split = low.length - places;
  const [a, b] = [BigInt(low.slice(0, split)), BigInt(high.slice(0, split))];
  const pad = (value: bigint) => value.toString().padStart(split, '0');
  const [zeros, nines] = ['0'.repeat(places), '9'.repeat(places)];
  const at = (from: bigint, to: bigint, first: string, last: string) =>
    all([between(pad(from), pad(to)), exactly('.'), between(first, last)]);
  const [lowRest, highRest] = [low.slice(split), high.slice(split)];
  if (a === b) return at(a, a, lowRest, highRest);
  // whole ones at the ends go with those between them
  const [from, to] = [lowRest === zeros ? a : a + 1n, highRest === nines ? b : b - 1n];
  return any([
    ...(from > a ? [at(a, a, lowRest, nines)] : []),
    ...(from <= to ? [at(from, to, zeros, nines)] : []),
    ...(to < b ? [at(b, b, zeros, highRest)] : []),
  ]);
}

/** Numbers from 0 on, in hundredths or whatever `places` makes them. */
function natural(low: bigint, high: bigint, places: number): Regular[] {
  const parts: Regular[] = [];
  for (let length = places + 1; length <= high.toString().length || length === places + 1; length++) {
    const least = length === places + 1 ? 0n : 10n ** BigInt(length - 1);
    const most = 10n ** BigInt(length) - 1n;
    const [from, to] = [low > least ? low : least, high < most ? high : most];
    if (from > to) continue;
    const pad = (value: bigint) => value.toString().padStart(length, '0');
    parts.push(pointed(pad(from), pad(to), places));
  }
  return parts;
}

/** n / 10^places with low ≤ n ≤ high; undefined where there is none. */
function scaled(low: bigint, high: bigint, places: number): Regular | undefined {
  if (low > high) return undefined;
  const parts: Regular[] = [];
  if (low < 0n) {
    const nearest = high < 0n ? -high : 1n;
    parts.push(all([exactly('-'), any(natural(nearest, -low, places))]));
  }
  if (high >= 0n) parts.push(any(natural(low > 0n ? low : 0n, high, places)));
  return any(parts);
}

/** What a number may be; bounds that are undefined are none. */
export interface Bounds {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
}

/** Digits behind the point of a number as JSON writes it. */
function placesOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  return Math.max(0, (mantissa.split('.')[1] ?? '').length - Number(exponent));
}

/** A number's digits as a whole number of 10^−places, towards −∞ or +∞. */
function toScale(value: number, places: number, up: boolean): bigint {
  const exact = placesOf(value);
  const digits = BigInt(value.toFixed(Math.min(100, exact)).replace('.', ''));
  if (places >= exact) return digits * 10n ** BigInt(places - exact);
  const unit = 10n ** BigInt(exact - places);
  const down = digits / unit - (digits % unit < 0n ? 1n : 0n);
  return up && digits % unit !== 0n ? down + 1n : down;
}

/** All n with these bounds, as multiples of 10^−places. */
function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Bounds, places: number) {
  const most = 10n ** BigInt(MOST_DIGITS) - 1n;
  let [low, high] = [-most, most];
  const atLeast = (value: bigint) => (low = value > low ? value : low);
  const atMost = (value: bigint) => (high = value < high ? value : high);
  if (minimum !== undefined) atLeast(toScale(minimum, places, true));
  if (exclusiveMinimum !== undefined) atLeast(toScale(exclusiveMinimum, places, false) + 1n);
  if (maximum !== undefined) atMost(toScale(maximum, places, false));
  if (exclusiveMaximum !== undefined) atMost(toScale(exclusiveMaximum, places, true) - 1n);
  return [low, high] as const;
}

/** Whole numbers with these bounds; undefined where there is none. */
export const integerBetween = (bounds: Bounds): Regular | undefined => scaled(...limits(bounds, 0), 0);

/**
 * Numbers with these bounds, whole or with as many digits behind the point as the bounds have, two at least; undefined where
 * there is none.
 */
export function numberBetween(bounds: Bounds): Regular | undefined {
  const places = Math.max(2, ...Object.values(bounds).map((value) => placesOf((value as number | undefined) ?? 0)));
  if (places > 10) return undefined;
  const parts = [scaled(...limits(bounds, 0), 0), scaled(...limits(bounds, places), places)].filter(
    (part) => part !== undefined,
  );
  return parts.length > 0 ? any(parts) : undefined;
}
