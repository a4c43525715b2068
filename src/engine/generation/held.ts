// Work that a model's own chat template or tokenizer decides the length of. Whoever can end this thread is told of it.

/** Told that a model's work begins; what it gives is called when the work is done. */
export type OnHeld = (model: { readonly id: string; readonly name?: string }) => () => void;

/** Does such work, which may take several turns of the event loop. */
export function held<T>(onHeld: OnHeld | undefined, id: string, work: () => T, name?: string): T {
  const done = onHeld?.({ id, ...(name !== undefined && { name }) });
  if (!done) return work();
  let result: T;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (result instanceof Promise) result.finally(done).catch(() => {});
  else done();
  return result;
}
