// Parts of a program that are loaded when they are first needed.

type Method = (...args: never[]) => unknown;

/** An object's methods, each of which answers once the object is there. */
export type Later<T> = {
  readonly [Name in keyof T as T[Name] extends Method ? Name : never]: T[Name] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** An object that is made at the first call of one of its methods. A failure is tried anew at the next call. */
export function later<T extends object>(make: () => Promise<T>): Later<T> {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  const methods = new Map<string | symbol, (...args: unknown[]) => Promise<unknown>>();
  return new Proxy({} as Later<T>, {
    get(_, name) {
      // `await` asks every object for `then`, which this one must not have
      if (name === 'then') return undefined;
      const known = methods.get(name);
      if (known) return known;
      const method = async (...args: unknown[]) => {
        const object = (await get()) as Record<string | symbol, (...args: unknown[]) => unknown>;
        return object[name](...args);
      };
      methods.set(name, method);
      return method;
    },
  });
}
