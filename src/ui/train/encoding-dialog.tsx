import { createSignal, createUniqueId, For, Show } from 'solid-js';
import { Dialog } from '../shared/dialog';
import type { UnknownEncoding } from './datasets';
import { useTraining } from './context';

const encodings = [
  { label: 'windows-1252', name: 'Western European (windows-1252)' },
  { label: 'windows-1250', name: 'Central European (windows-1250)' },
  { label: 'windows-1251', name: 'Cyrillic (windows-1251)' },
  { label: 'shift_jis', name: 'Japanese (Shift_JIS)' },
  { label: 'gb18030', name: 'Chinese (GB 18030)' },
  { label: 'big5', name: 'Chinese, traditional (Big5)' },
  { label: 'euc-kr', name: 'Korean (EUC-KR)' },
  { label: 'utf-16le', name: 'UTF-16' },
] as const;

/** A file's text is not UTF-8: which encoding makes sense of it? */
export function EncodingDialog() {
  const { datasets } = useTraining();
  return (
    <Dialog
      open={datasets.unknownEncoding() !== undefined}
      title={`How is ${datasets.unknownEncoding()?.from.name ?? ''} written?`}
      onClose={() => datasets.leave()}
    >
      <Show when={datasets.unknownEncoding()}>{(unknown) => <Choice unknown={unknown()} />}</Show>
    </Dialog>
  );
}

function Choice(props: { unknown: UnknownEncoding }) {
  const { datasets } = useTraining();
  const id = createUniqueId();
  const [label, setLabel] = createSignal<string>(encodings[0].label);
  const sample = () => new TextDecoder(label()).decode(props.unknown.sample).split('\n')[0];
  return (
    <form
      class="mapping"
      onSubmit={(event) => {
        event.preventDefault();
        void datasets.decode(label());
      }}
    >
      <p>{props.unknown.message}</p>
      <div class="labelled">
        <label for={id}>Encoding</label>
        <select id={id} value={label()} onChange={(event) => setLabel(event.currentTarget.value)}>
          <For each={encodings}>{(each) => <option value={each.label}>{each.name}</option>}</For>
        </select>
      </div>
      <p class="hint">The line would read:</p>
      <p class="encoding-sample" dir="auto">
        {sample()}
      </p>
      <div class="row">
        <span class="spring" />
        <button type="button" class="button" onClick={() => datasets.leave()}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={datasets.busy()}>
          Read the rows
        </button>
      </div>
    </form>
  );
}
