import { Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';

/**
 * What a person or a model wrote, running as its own letters do. Another text is another element: Chromium does not look
 * at the direction of one again when its text changes.
 */
export function Written(props: { as?: 'span' | 'h1'; class?: string; text: string }) {
  return (
    <Show when={props.text} keyed>
      {(text) => (
        <Dynamic component={props.as ?? 'span'} class={props.class} dir="auto">
          {text}
        </Dynamic>
      )}
    </Show>
  );
}
