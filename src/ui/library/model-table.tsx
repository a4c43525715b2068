import { createSignal, For, Show } from 'solid-js';
import type { ModelSummary } from '../../worker/api';
import { Icon } from '../components/icon';
import { Menu } from '../components/menu';
import { RenameDialog } from '../components/rename-dialog';
import { useApp } from '../context';
import { formatBytes, formatCount, formatWhen } from '../state/format';
import { DeleteDialog } from './delete-dialog';

/** All models in one table; on a phone, in cards. */
export function ModelTable() {
  const { engine } = useApp();
  return (
    <Show when={engine.models().length > 0} fallback={<p class="hint">No model is here yet.</p>}>
      <table class="models">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Size</th>
            <th scope="col">Quantization</th>
            <th scope="col">Source</th>
            <th scope="col">Licence</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={engine.models()}>{(model) => <ModelRow model={model} />}</For>
        </tbody>
      </table>
    </Show>
  );
}

function ModelRow(props: { model: ModelSummary }) {
  const { engine, library } = useApp();
  const [open, setOpen] = createSignal<'rename' | 'delete'>();
  const inUse = () => engine.model()?.id === props.model.id;
  const items = () => [
    { label: 'Rename', run: () => setOpen('rename') },
    // the bundled one would come back at the next visit
    ...(props.model.bundled ? [] : [{ label: 'Delete', run: () => setOpen('delete') }]),
  ];
  return (
    <tr classList={{ 'in-use': inUse() }}>
      <td data-label="Name">
        <span class="title">{props.model.name}</span>
        <span class="hint">
          {props.model.architecture} · {formatCount(props.model.parameters)} parameters · {props.model.contextLength}{' '}
          tokens
        </span>
      </td>
      <td data-label="Size">{formatBytes(props.model.bytes)}</td>
      <td data-label="Quantization">{props.model.quantization}</td>
      <td data-label="Source">{props.model.source}</td>
      <td data-label="Licence">{props.model.licence ?? 'not stated'}</td>
      <td data-label="Last used">{formatWhen(props.model.usedAt)}</td>
      <td class="actions">
        <Show
          when={!inUse()}
          fallback={
            <span class="tag">
              <Icon name="done" /> In use
            </span>
          }
        >
          <button
            type="button"
            class="button"
            aria-label={`Use ${props.model.name}`}
            onClick={() => engine.use(props.model.id)}
          >
            Use
          </button>
        </Show>
        <Menu label={`More about ${props.model.name}`} items={items()}>
          <Icon name="more" />
        </Menu>
        <RenameDialog
          open={open() === 'rename'}
          name={props.model.name}
          onClose={() => setOpen(undefined)}
          onDone={(name) => library.rename(props.model, name)}
        />
        <DeleteDialog
          open={open() === 'delete'}
          model={props.model}
          onClose={() => setOpen(undefined)}
          onDone={() => library.remove(props.model)}
        />
      </td>
    </tr>
  );
}
