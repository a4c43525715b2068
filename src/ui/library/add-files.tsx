import { Show } from 'solid-js';
import { useApp } from '../context';
import type { GivenFile } from '../../worker/contract';
import { errorData } from '../../worker/client';
import { chosenFiles, folderFiles, hasFolders, pickFolder } from '../shared/picked-files';

/** Files and folders of this device. */
export function AddFiles() {
  const app = useApp();
  const add = (files: readonly GivenFile[]) => void app.take(files, 'models');
  async function addFolder(): Promise<void> {
    try {
      const folder = await pickFolder('read');
      if (folder) add(await folderFiles(folder));
    } catch (error) {
      app.notices.show(errorData(error).message);
    }
  }
  const read = (input: HTMLInputElement) => {
    add(chosenFiles(input.files));
    input.value = '';
  };
  return (
    <div class="add-files">
      <div class="row nowrap add-files-buttons">
        <label class="button primary">
          Add files
          <input
            class="hidden-input"
            type="file"
            aria-label="Add files"
            multiple
            onChange={(event) => read(event.currentTarget)}
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
                onChange={(event) => read(event.currentTarget)}
              />
            </label>
          }
        >
          <button type="button" class="button" onClick={() => void addFolder()}>
            Add a folder
          </button>
        </Show>
      </div>
      <p class="hint add-files-hint">
        GGUF, Hugging Face folders, Meta’s original weights, point-alpaca’s encrypted files, PEFT and GGUF adapters:
        chosen here, or dropped anywhere on the page. You see the plan before anything is copied.
      </p>
    </div>
  );
}
