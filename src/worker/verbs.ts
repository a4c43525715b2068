// Hands an object of the engine to the page as a namespace of verbs.

/** An object whose verbs are `own`'s, and for the rest those of `object`, called as its own. */
export function verbsOf<T extends object, Own extends object>(object: T, own: Own): Omit<T, keyof Own> & Own {
  return new Proxy(own, {
    get(_, verb) {
      if (verb in own) return own[verb as keyof Own];
      const value = object[verb as keyof T];
      return typeof value === 'function' ? value.bind(object) : value;
    },
  }) as Omit<T, keyof Own> & Own;
}
