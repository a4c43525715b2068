import { type JSX, onCleanup, onMount, Show } from 'solid-js';
import { IconButton } from './icon-button';

/**
 * A modal window; the browser keeps the focus in it, and Escape closes it. So does a click beside it, unless something was
 * written in it: that is not lost by a slip of the hand.
 */
export function Dialog(props: { open: boolean; title: string; onClose: () => void; children: JSX.Element }) {
  return (
    <Show when={props.open}>
      <Open title={props.title} onClose={() => props.onClose()}>
        {props.children}
      </Open>
    </Show>
  );
}

function Open(props: { title: string; onClose: () => void; children: JSX.Element }) {
  let dialog!: HTMLDialogElement;
  let written = false;
  /** A press that began in the dialog, to select words, may end beside it. */
  let pressed: EventTarget | null = null;
  onMount(() => dialog.showModal());
  // so that the focus goes back to where it was
  onCleanup(() => dialog.close());
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-label={props.title}
      onClose={() => props.onClose()}
      onInput={() => (written = true)}
      onPointerDown={(event) => (pressed = event.target)}
      onClick={(event) => event.target === dialog && pressed === dialog && !written && dialog.close()}
    >
      <div class="dialog-body">
        <header>
          <h2>{props.title}</h2>
          <IconButton icon="close" label="Close" onClick={() => dialog.close()} />
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
