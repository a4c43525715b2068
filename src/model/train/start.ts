// The numbers that a LoRA begins with.

/**
 * Uniform values in ±bound: PEFT's A (kaiming_uniform with a = √5 is ±1/√inputs). The generator is counter-based, so that
 * a value depends on seed, pair and place alone.
 */
export function seededUniform(count: number, bound: number, seed: number, pair: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = (2 * hashed(seed, pair, i) - 1) * bound;
  return values;
}

/** A number in [0, 1) from three: PCG-3D (Jarzynski and Olano 2020, Hash Functions for GPU Rendering). */
function hashed(a: number, b: number, c: number): number {
  let [x, y, z] = [a, b, c].map((each) => (Math.imul(each, 1664525) + 1013904223) >>> 0) as [number, number, number];
  const mix = () => {
    x = (x + Math.imul(y, z)) >>> 0;
    y = (y + Math.imul(z, x)) >>> 0;
    z = (z + Math.imul(x, y)) >>> 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  mix();
  return (x >>> 8) / 2 ** 24;
}
