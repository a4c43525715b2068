// Random data, and how far off a result is: for tests with a device and without.

/** Numbers between −1 and 1 that are the same in every run (mulberry32). */
export function random(count: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed * 0x9e3779b9;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** ‖actual − expected‖ / ‖expected‖ */
export function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** df / dx by central differences. */
export function differences(f: (x: Float64Array) => number, x: ArrayLike<number>, h = 1e-5): Float64Array {
  const start = Float64Array.from(x);
  return start.map((_, i) => {
    const at = (shift: number) => f(start.map((value, j) => (j === i ? value + shift : value)));
    return (at(h) - at(-h)) / (2 * h);
  });
}

/** Σ a ⊙ b: what makes a number of a vector, so that b is its gradient. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
