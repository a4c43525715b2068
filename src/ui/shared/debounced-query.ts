// What the worker makes of something that changes while a person types: asked a moment after the last change.
import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { ErrorData } from '../../worker/contract';
import { errorData } from '../../worker/client';

export interface Answer<T> {
  /** The last answer, until the next one is there; nothing where nothing is asked. */
  readonly value: Accessor<T | undefined>;
  readonly error: Accessor<ErrorData | undefined>;
  /** A newer answer is on its way. */
  readonly pending: Accessor<boolean>;
}

/** Asks whenever the question changes; an answer that comes too late is dropped. `delay` in milliseconds. */
export function createAnswer<Q, T>(
  question: Accessor<Q | undefined>,
  ask: (question: Q) => Promise<T>,
  delay = 300,
): Answer<T> {
  const [value, setValue] = createSignal<T>();
  const [error, setError] = createSignal<ErrorData>();
  const [pending, setPending] = createSignal(false);
  createEffect(
    on(question, (asked) => {
      setPending(asked !== undefined);
      if (asked === undefined) {
        setValue(undefined);
        setError(undefined);
        return;
      }
      let late = false;
      const settle = (told: T | undefined, wrong: ErrorData | undefined) => {
        if (late) return;
        if (told !== undefined) setValue(() => told);
        setError(wrong);
        setPending(false);
      };
      const timer = setTimeout(() => {
        ask(asked).then(
          (told) => settle(told, undefined),
          (wrong: unknown) => settle(undefined, errorData(wrong)),
        );
      }, delay);
      onCleanup(() => {
        late = true;
        clearTimeout(timer);
      });
    }),
  );
  return { value, error, pending };
}
