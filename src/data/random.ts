// Random numbers that are a function of where they are used: a run that is resumed at any step draws what it would have.

/** MurmurHash3's finalizer (A. Appleby): every bit of a word changes every other about half of the time. */
function mix(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** 32 random bits of a seed, a stream and a counter. */
export function randomBits(seed: number, stream: number, counter: number): number {
  // odd constants keep the three apart; 2³² / φ is the Weyl sequence's
  return mix(mix(mix(seed + 0x9e3779b9) + Math.imul(stream, 0x9e3779b1) + 1) + Math.imul(counter, 0x85ebca77) + 2);
}

/** The numbers 0 … length − 1 in an order that seed and stream alone decide (Fisher and Yates). */
export function permutation(length: number, seed: number, stream: number): number[] {
  const order = Array.from({ length }, (_, i) => i);
  let counter = 0;
  for (let left = length; left > 1; left--) {
    // draws beyond the last whole multiple are drawn again, so that every order is equally likely
    const limit = 2 ** 32 - (2 ** 32 % left);
    let bits = randomBits(seed, stream, counter++);
    while (bits >= limit) bits = randomBits(seed, stream, counter++);
    const at = bits % left;
    [order[at], order[left - 1]] = [order[left - 1], order[at]];
  }
  return order;
}
