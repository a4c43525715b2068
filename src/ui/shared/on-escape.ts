import { onCleanup, onMount } from 'solid-js';

/** Escape anywhere on the page, unless something that it closes is open. */
export function onEscape(run: () => void): void {
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    if (!document.querySelector('dialog[open], :popover-open')) run();
  };
  onMount(() => addEventListener('keydown', key));
  onCleanup(() => removeEventListener('keydown', key));
}
