import { onMount } from 'solid-js';
import { Dialog } from './dialog';

/** Asks for another name. */
export function RenameDialog(props: {
  open: boolean;
  name: string;
  onClose: () => void;
  onDone: (name: string) => void;
}) {
  let box!: HTMLInputElement;
  const select = (input: HTMLInputElement) => {
    box = input;
    // once the dialog is open and has given it the focus
    onMount(() => setTimeout(() => input.select()));
  };
  return (
    <Dialog open={props.open} title="Rename" onClose={() => props.onClose()}>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          props.onDone(box.value);
          props.onClose();
        }}
      >
        <input ref={select} class="field" type="text" dir="auto" aria-label="Name" autofocus value={props.name} />
        <button type="submit" class="button primary">
          Rename
        </button>
      </form>
    </Dialog>
  );
}
