import { createEffect, createSignal, createUniqueId, For, on, Show } from 'solid-js';
import type { ModelSummary } from '../../worker/contract';
import { Icon } from '../shared/icon';
import { isFocusLost, passFocusOn } from '../shared/keep-focus';
import { Menu } from '../shared/menu';
import { RenameDialog } from '../shared/rename-dialog';
import { useApp } from '../context';
import { countOf, formatBytes, formatCount, formatNumber, formatWhen } from '../shared/format';
import { shortHashes } from '../shared/hashes';
import { DeleteDialog } from './delete-dialog';
import { ModelDetail } from './model-detail';
import { qualityWords } from './quality';
import { type Column, TableHead } from './table-head';

const COLUMNS: readonly Column[] = [
  { name: 'Name' },
  { name: 'Size' },
  { name: 'Quantization' },
  { name: 'Source' },
  { name: 'Licence' },
  { name: 'Last used', short: true },
];

/** All models in one table; on a phone, in cards. */
export function ModelTable() {
  const { engine } = useApp();
  return (
    <Show when={engine.models().length > 0} fallback={<p class="hint">No model is here yet.</p>}>
      <table class="models">
        <TableHead columns={COLUMNS} />
        <tbody>
          <For each={engine.models().map(({ id }) => id)}>{(id) => <ModelRow id={id} />}</For>
        </tbody>
      </table>
    </Show>
  );
}

/** By id, so that what is open in a row stays open when the list is told anew. */
function ModelRow(props: { id: string }) {
  const { engine } = useApp();
  const model = () => engine.models().find(({ id }) => id === props.id);
  return <Show when={model()}>{(found) => <Rows model={found()} />}</Show>;
}

function Rows(props: { model: ModelSummary }) {
  const { engine, library } = useApp();
  const detailId = createUniqueId();
  const [asked, setAsked] = createSignal<'rename' | 'delete'>();
  const [open, setOpen] = createSignal(false);
  /** The button for it had the focus, and goes. */
  let used = false;
  const inUse = () => engine.model()?.id === props.model.id;
  let row!: HTMLTableRowElement;
  let unfold!: HTMLButtonElement;
  createEffect(on(inUse, () => isFocusLost() && used && unfold.focus(), { defer: true }));
  passFocusOn(
    () => row,
    () => document.querySelector('[aria-label="Add files"]'),
  );
  const begin = (run: (model: ModelSummary) => void) => () => {
    setOpen(true);
    run(props.model);
  };
  const items = () => [
    { label: 'Rename', run: () => setAsked('rename') },
    { label: 'Verify', run: begin(library.verify) },
    { label: 'Measure perplexity', run: begin(library.measure) },
    { label: 'Export as GGUF', run: begin(library.exportModel) },
    // the bundled one would come back at the next visit
    ...(props.model.bundled ? [] : [{ label: 'Delete', run: () => setAsked('delete') }]),
  ];
  return (
    <>
      <tr ref={row}>
        <td data-label="Name">
          <span class="item-title">{props.model.name}</span>
          <span class="hint block">
            {props.model.architecture} · {formatCount(props.model.parameters)} parameters ·{' '}
            {formatNumber(props.model.contextLength)} tokens
          </span>
        </td>
        <td data-label="Size" class="short">
          {formatBytes(props.model.bytes)}
        </td>
        <td data-label="Quantization">
          <div>
            {props.model.quantization}
            <Show when={qualityWords(props.model.quality)}>{(words) => <span class="hint block">{words()}</span>}</Show>
          </div>
        </td>
        <td data-label="Source" title={props.model.source}>
          {shortHashes(shortSource(props.model.source))}
        </td>
        <td data-label="Licence" class="short">
          {props.model.licence ?? 'not stated'}
        </td>
        <td data-label="Last used" class="short">
          {formatWhen(props.model.usedAt)}
        </td>
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
              onClick={() => {
                used = true;
                engine.use(props.model.id);
              }}
            >
              Use
            </button>
          </Show>
          <button
            ref={unfold}
            type="button"
            class="icon-button unfold"
            aria-label={`Details of ${props.model.name}`}
            title={`Details of ${props.model.name}`}
            aria-expanded={open()}
            aria-controls={detailId}
            onClick={() => setOpen(!open())}
          >
            <Icon name="right" />
          </button>
          <Menu label={`More about ${props.model.name}`} items={items()}>
            <Icon name="more" />
          </Menu>
          <RenameDialog
            open={asked() === 'rename'}
            name={props.model.name}
            onClose={() => setAsked(undefined)}
            onDone={(name) => library.rename(props.model, name)}
          />
          <DeleteDialog
            open={asked() === 'delete'}
            model={props.model}
            onClose={() => setAsked(undefined)}
            onDone={() => library.remove(props.model)}
          />
        </td>
      </tr>
      <Show when={open()}>
        <tr class="detail" id={detailId}>
          <td colspan={COLUMNS.length + 1}>
            <ModelDetail model={props.model} />
          </td>
        </tr>
      </Show>
    </>
  );
}

/** `model.safetensors and 2 more files` of a list of files; the details have all of them. */
function shortSource(source: string): string {
  const names = source.split(', ');
  if (names.length < 3) return source;
  const weights = names.find((name) => /\.(safetensors|bin|pth|gguf)/.test(name)) ?? names[0];
  return `${weights} and ${countOf(names.length - 1, 'more file')}`;
}
