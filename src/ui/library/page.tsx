// Models of one's own: what is here, what is coming, and how much room there is.
import { For } from 'solid-js';
import { useApp } from '../context';
import { ImportRow } from './import-row';
import { ModelTable } from './model-table';
import { StorageBar } from './storage-bar';

export function LibraryPage() {
  const { library } = useApp();
  return (
    <div class="page">
      <h1>Models</h1>
      <div class="add-files">
        <label class="button primary">
          Add files
          <input
            class="hidden-input"
            type="file"
            aria-label="Add files"
            multiple
            onChange={(event) => {
              library.add([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = '';
            }}
          />
        </label>
        <p class="hint">
          A GGUF file (F32, F16, BF16, Q8_0, Q4_0, Q4_1), or all files of a Hugging Face folder with safetensors. Files
          and folders can also be dropped anywhere on the page. They stay on this device.
        </p>
      </div>
      <For each={library.imports}>{(item) => <ImportRow item={item} />}</For>
      <ModelTable />
      <StorageBar />
    </div>
  );
}
