// Values that must be there.

/**
 * The value itself; an error where it is missing, which is a fault of the code around it and nobody else's.
 * @param what names the value in the error
 */
export function defined<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`${what} is missing`);
  return value;
}
