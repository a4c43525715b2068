import { Dialog } from '../components/dialog';
import { formatBytes } from '../state/format';

/** Much was read already, so that ending it is asked about. */
export function CancelDialog(props: {
  open: boolean;
  name: string;
  done: number;
  onClose: () => void;
  onDone: () => void;
}) {
  return (
    <Dialog open={props.open} title={`Discard ${props.name}?`} onClose={() => props.onClose()}>
      <p>
        {formatBytes(props.done)} were read already. What is stored of it is removed, and the import would have to begin
        anew. Your files stay as they are.
      </p>
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
          Discard
        </button>
      </div>
    </Dialog>
  );
}
