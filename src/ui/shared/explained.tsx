import { createSignal, createUniqueId, type JSX, Show } from 'solid-js';

/** A label with a few words about it on demand. */
export function Explained(props: { for: string; label: string; explanation: string; children: JSX.Element }) {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  return (
    <>
      <div class="setting-head">
        <label for={props.for}>{props.label}</label>
        <button
          type="button"
          class="explain"
          aria-label={`What ${props.label} does`}
          aria-expanded={open()}
          aria-controls={id}
          onClick={() => setOpen(!open())}
        >
          ?
        </button>
        {props.children}
      </div>
      <Show when={open()}>
        <p id={id} class="hint">
          {props.explanation}
        </p>
      </Show>
    </>
  );
}
