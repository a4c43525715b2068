import { createEffect, createUniqueId } from 'solid-js';
import type { Example } from '../../worker/contract';
import { fitHeight } from '../shared/fit-height';
import { draftOf } from './row-text';
import { useTraining } from './context';

type Unread = Extract<Example, { kind: 'unread' }>;

/** A row as it stands in its file: to be corrected there and read again, or to be written in fields. */
export function UnreadRow(props: { row: Unread }) {
  const { rows } = useTraining().datasets;
  const id = createUniqueId();
  let box!: HTMLTextAreaElement;
  createEffect(() => {
    if (box.value !== props.row.text) box.value = props.row.text;
    fitHeight(box);
  });
  return (
    <>
      <p class="fault-words" role="note">
        This row could not be read. {props.row.problem}
      </p>
      <div class="labelled">
        <label for={id}>The row as it stands in the file</label>
        <textarea
          ref={box}
          id={id}
          class="field unread-text"
          dir="auto"
          spellcheck={false}
          onInput={(event) => rows.change(rows.selected(), { ...props.row, text: event.currentTarget.value })}
        />
      </div>
      <div class="row">
        <button type="button" class="button primary" onClick={() => void rows.readAgain(rows.selected())}>
          Read it again
        </button>
        <button type="button" class="button" onClick={() => rows.replace(rows.selected(), [draftOf(props.row.text)])}>
          Edit it in fields
        </button>
        <button type="button" class="button quiet" onClick={() => rows.remove(rows.selected())}>
          Leave it out
        </button>
      </div>
    </>
  );
}
