import { Show } from 'solid-js';
import { useApp } from '../context';
import type { GivenFile } from '../../worker/api';
import { errorData } from '../../worker/client';
import { chosenFiles, folderFiles, hasFolders, pickFolder } from '../state/given';
import { sortGiven } from '../state/sorting';

/** Files and folders of this device. */
export function AddFiles() {
  const { library, notices, adapters } = useApp();
  function add(files: readonly GivenFile[]): void {
    const sorted = sortGiven(files, 'models');
    for (const folder of sorted.adapters) void adapters.add(folder);
    library.imports.add(files.filter((file) => !sorted.adapters.some((folder) => folder.includes(file))));
  }
  async function addFolder(): Promise<void> {
    try {
      const folder = await pickFolder('read');
      if (folder) add(await folderFiles(folder));
    } catch (error) {
      notices.show(errorData(error).message);
    }
  }
  const take = (input: HTMLInputElement) => {
    add(chosenFiles(input.files));
    input.value = '';
  };
  return (
    <div class="add-files">
      <div class="row">
        <label class="button primary">
          Add files
          <input
            class="hidden-input"
            type="file"
            aria-label="Add files"
            multiple
            onChange={(event) => take(event.currentTarget)}
          />
        </label>
        <Show
          when={hasFolders()}
          fallback={
            <label class="button">
              Add a folder
              <input
                class="hidden-input"
                type="file"
                aria-label="Add a folder"
                ref={(input) => void (input.webkitdirectory = true)}
                onChange={(event) => take(event.currentTarget)}
              />
            </label>
          }
        >
          <button type="button" class="button" onClick={() => void addFolder()}>
            Add a folder
          </button>
        </Show>
      </div>
      <p class="hint">
        GGUF, Hugging Face folders, Meta’s original weights, point-alpaca’s encrypted files or PEFT adapters: chosen
        here, or dropped anywhere on the page. You see the plan before anything is copied.
      </p>
    </div>
  );
}
