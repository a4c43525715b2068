import type { ModelSummary } from '../../worker/api';
import { Dialog } from '../components/dialog';
import { formatBytes } from '../state/format';

/** A model is dear to bring back, so deleting one is asked about. */
export function DeleteDialog(props: { open: boolean; model: ModelSummary; onClose: () => void; onDone: () => void }) {
  return (
    <Dialog open={props.open} title={`Delete ${props.model.name}?`} onClose={() => props.onClose()}>
      <p>
        This frees {formatBytes(props.model.bytes)}. To use the model again, its files have to be added again. Chats
        stay.
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
          Delete
        </button>
      </div>
    </Dialog>
  );
}
