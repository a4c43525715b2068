import { createSignal, onCleanup, Show } from 'solid-js';
import { useApp } from '../context';
import { droppedFiles } from '../state/given';
import { sortGiven } from '../state/sorting';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

const allow = (event: DragEvent) => {
  if (hasFiles(event)) event.preventDefault();
};

/** Files and folders can be dropped anywhere on the page. */
export function DropTarget() {
  const { library, adapters, training, place } = useApp();
  const [over, setOver] = createSignal(false);
  /** Enter and leave come for every element that is crossed. */
  let depth = 0;

  async function add(data: DataTransfer): Promise<void> {
    const files = await droppedFiles(data);
    if (files.length === 0) return;
    const sorted = sortGiven(files, place());
    if (sorted.models.length > 0) {
      location.hash = '#/models';
      library.imports.add(sorted.models);
    }
    for (const folder of sorted.adapters) await adapters.add(folder);
    if (sorted.datasets.length + sorted.logs.length === 0) return;
    location.hash = '#/fine-tune';
    const { datasets, runs } = await training();
    for (const { file } of sorted.datasets) await datasets.add(file);
    for (const { file } of sorted.logs) await runs.openLog(file);
  }

  const enter = (event: DragEvent) => {
    if (hasFiles(event)) setOver(++depth > 0);
  };
  const leave = (event: DragEvent) => {
    if (hasFiles(event)) setOver((depth = Math.max(0, depth - 1)) > 0);
  };
  const drop = (event: DragEvent) => {
    if (!hasFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    depth = 0;
    setOver(false);
    void add(event.dataTransfer);
  };

  const words = () =>
    place() === 'fine-tune'
      ? 'Drop rows to train on, an adapter, or a trainer_state.json'
      : 'Drop model files, a folder, encrypted files, or an adapter';

  const listeners = { dragenter: enter, dragleave: leave, dragover: allow, drop } as const;
  for (const [type, listener] of Object.entries(listeners)) addEventListener(type as 'drop', listener);
  onCleanup(() => {
    for (const [type, listener] of Object.entries(listeners)) removeEventListener(type as 'drop', listener);
  });

  return (
    <Show when={over()}>
      <div class="drop-overlay">
        <p>{words()}</p>
      </div>
    </Show>
  );
}
