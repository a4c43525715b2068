import { onCleanup } from 'solid-js';

/** Where the focus goes from something that is removed while it has it. Call it inside of what is removed. */
export function passFocusOn(
  from: () => Element | undefined,
  to: () => HTMLElement | null | Promise<HTMLElement | null>,
): void {
  onCleanup(() => {
    // it is still in the page, and what comes after it is not yet
    if (!from()?.contains(document.activeElement)) return;
    setTimeout(async () => {
      const next = await to();
      if (isFocusLost()) next?.focus();
    });
  });
}

/** Whether nothing has the focus, so that the keyboard would begin at the top. */
export const isFocusLost = () => !document.activeElement || document.activeElement === document.body;
