import type { ModelSummary } from '../../worker/contract';
import { ConfirmDialog } from '../shared/confirm-dialog';
import { formatBytes } from '../shared/format';

/** A model is dear to bring back, so deleting one is asked about. */
export function DeleteDialog(props: { open: boolean; model: ModelSummary; onClose: () => void; onDone: () => void }) {
  return (
    <ConfirmDialog
      open={props.open}
      title={`Delete ${props.model.name}?`}
      action="Delete"
      onClose={() => props.onClose()}
      onDone={() => props.onDone()}
    >
      This frees {formatBytes(props.model.bytes)}. To use the model again, its files have to be added again. Chats are
      kept.
    </ConfirmDialog>
  );
}
