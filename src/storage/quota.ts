// Running out of room, in a person's words.

/** 1.5 GB, 20 MB, 3 kB: decimal units, as browsers' settings show them. */
export function bytesText(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  const value = bytes / size;
  return `${value >= 10 ? Math.ceil(value) : Math.ceil(value * 10) / 10} ${unit}`;
}

/**
 * The message of `quota-exceeded`.
 * @param needed bytes to be stored, if they are many enough to be worth naming
 * @param missing bytes by which the room falls short, if that is known
 */
export function noRoom(needed: number | undefined, missing: number | undefined): string {
  const short = missing !== undefined && missing > 0 ? `${bytesText(missing)} are missing` : 'the browser refused it';
  const more = needed === undefined ? 'more' : `${bytesText(needed)} more`;
  return `There is no room to store ${more}: ${short}. Remove a model or free disk space, and try again.`;
}
