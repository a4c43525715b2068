// Random numbers by their place: the same three numbers give the same one, whatever was asked before.

/** A number in [0, 1) from three: PCG-3D (Jarzynski and Olano 2020, Hash Functions for GPU Rendering). */
export function hashed(a: number, b: number, c: number): number {
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
