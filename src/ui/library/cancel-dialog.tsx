import { ConfirmDialog } from '../shared/confirm-dialog';
import { formatBytes } from '../shared/format';

/** Much was read already, so that ending it is asked about. */
export function CancelDialog(props: {
  open: boolean;
  name: string;
  done: number;
  onClose: () => void;
  onDone: () => void;
}) {
  return (
    <ConfirmDialog
      open={props.open}
      title={`Discard ${props.name}?`}
      action="Discard"
      onClose={() => props.onClose()}
      onDone={() => props.onDone()}
    >
      {formatBytes(props.done)} have been read. Discard deletes what was stored of them; another import starts from the
      beginning. Your files are not changed.
    </ConfirmDialog>
  );
}
