import type { JSX } from 'solid-js';
import { Dialog } from './dialog';

/** Asks before something that is dear is ended; keeping it is the answer at hand. */
export function ConfirmDialog(props: {
  open: boolean;
  title: string;
  /** What it does, in a word: the button that does it. */
  action: string;
  onClose: () => void;
  onDone: () => void;
  children: JSX.Element;
}) {
  return (
    <Dialog open={props.open} title={props.title} onClose={() => props.onClose()}>
      <p>{props.children}</p>
      <div class="row">
        <span class="spring" />
        <button type="button" class="button" autofocus onClick={() => props.onClose()}>
          Keep it
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            props.onClose();
            props.onDone();
          }}
        >
          {props.action}
        </button>
      </div>
    </Dialog>
  );
}
