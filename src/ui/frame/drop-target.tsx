import { createSignal, onCleanup, Show } from 'solid-js';
import { useApp } from '../context';
import { droppedFiles } from '../shared/picked-files';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

const allow = (event: DragEvent) => {
  if (hasFiles(event)) event.preventDefault();
};

/** Files and folders can be dropped anywhere on the page. */
export function DropTarget() {
  const { take, place } = useApp();
  const [over, setOver] = createSignal(false);
  /** Enter and leave come for every element that is crossed. */
  let depth = 0;

  async function add(data: DataTransfer): Promise<void> {
    const files = await droppedFiles(data);
    await take(files, place());
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
      ? 'Drop a dataset, an adapter, or a trainer_state.json'
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
