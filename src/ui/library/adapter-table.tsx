import { createSignal, For, Show } from 'solid-js';
import type { AdapterFormat, AdapterSummary } from '../../worker/contract';
import { ConfirmDialog } from '../shared/confirm-dialog';
import { Icon } from '../shared/icon';
import { passFocusOn } from '../shared/keep-focus';
import { Menu } from '../shared/menu';
import { RenameDialog } from '../shared/rename-dialog';
import { useApp } from '../context';
import { formatBytes, formatCount, formatWhen } from '../shared/format';
import { MixDialog } from './mix-dialog';
import { type Column, TableHead } from './table-head';
import { WorkBar } from '../shared/work-bar';

const SOURCES = { trained: 'trained here', imported: 'imported', mixed: 'mixed here' } as const;

const COLUMNS: readonly Column[] = [
  { name: 'Name' },
  { name: 'Size' },
  { name: 'Model' },
  { name: 'Source' },
  { name: 'Added', short: true },
];

/** Adapters, which stand beside their models. */
export function AdapterTable() {
  const { adapters } = useApp();
  const [mixing, setMixing] = createSignal(false);
  return (
    <Show when={adapters.list().length > 0}>
      <h2 class="table-title">Adapters</h2>
      <Show when={adapters.named().length > 1}>
        <p>
          <button type="button" class="button" onClick={() => setMixing(true)}>
            Save this mix as one adapter
          </button>
        </p>
        <MixDialog open={mixing()} onClose={() => setMixing(false)} />
      </Show>
      <table class="models">
        <TableHead columns={COLUMNS} />
        <tbody>
          <For each={adapters.list().map(({ id }) => id)}>{(id) => <AdapterRow id={id} />}</For>
        </tbody>
      </table>
    </Show>
  );
}

function AdapterRow(props: { id: string }) {
  const { adapters } = useApp();
  const adapter = () => adapters.find(props.id);
  return <Show when={adapter()}>{(found) => <Row adapter={found()} />}</Show>;
}

const exports: readonly [AdapterFormat, string][] = [
  ['peft', 'Export as PEFT folder'],
  ['gguf', 'Export as GGUF adapter'],
  ['mlx', 'Export for mlx-lm'],
];

/** `rank 8, alpha 16, all seven target modules` */
function configWords({ config }: AdapterSummary): string {
  const maps = config.target_modules.map((map) => map.replace('_proj', ''));
  return `rank ${config.r}, alpha ${config.lora_alpha}, ${maps.length === 7 ? 'all seven target modules' : maps.join(' ')}`;
}

function Row(props: { adapter: AdapterSummary }) {
  const { adapters, engine, library } = useApp();
  const [asked, setAsked] = createSignal<'rename' | 'delete'>();
  let row!: HTMLTableRowElement;
  passFocusOn(
    () => row,
    () => document.querySelector('[aria-label="Add files"]'),
  );
  const isOn = () => adapters.isOn(props.adapter.id) && engine.model()?.id === props.adapter.modelId;
  const job = () => library.jobs.find('save', props.adapter.id);
  const items = () => [
    { label: 'Rename', run: () => setAsked('rename') },
    ...exports.map(([format, label]) => ({ label, run: () => adapters.save(props.adapter.id, format) })),
    { label: 'Delete', run: () => setAsked('delete') },
  ];
  return (
    <tr ref={row}>
      <td data-label="Name">
        <span class="item-title">{props.adapter.name}</span>
        <span class="hint block">{configWords(props.adapter)}</span>
        <Show when={job()?.state === 'running' ? job() : undefined}>
          {(running) => <WorkBar label={`Export of ${props.adapter.name}`} work={running()} />}
        </Show>
        <Show when={job()?.error?.message ?? job()?.result}>
          {(words) => (
            <span class="hint block" role={job()?.error ? 'alert' : 'status'}>
              {words()}
            </span>
          )}
        </Show>
      </td>
      <td data-label="Size">
        <div>
          {formatBytes(props.adapter.bytes)}
          <span class="hint block">{formatCount(props.adapter.parameters)} parameters</span>
        </div>
      </td>
      <td data-label="Model">{props.adapter.modelName}</td>
      <td data-label="Source">{SOURCES[props.adapter.source]}</td>
      <td data-label="Added" class="short">
        {formatWhen(props.adapter.addedAt)}
      </td>
      <td class="actions">
        <Show
          when={isOn()}
          fallback={
            <button
              type="button"
              class="button"
              aria-label={`Use ${props.adapter.name}`}
              disabled={adapters.obstacle(props.adapter) !== undefined}
              title={adapters.obstacle(props.adapter)}
              onClick={() => {
                if (engine.model()?.id === props.adapter.modelId) adapters.turn(props.adapter.id, true);
                else adapters.useAlone(props.adapter);
              }}
            >
              Use
            </button>
          }
        >
          <button
            type="button"
            class="button quiet"
            aria-label={`Turn ${props.adapter.name} off`}
            onClick={() => adapters.turn(props.adapter.id, false)}
          >
            Turn off
          </button>
        </Show>
        <Menu label={`More about ${props.adapter.name}`} items={items()}>
          <Icon name="more" />
        </Menu>
        <RenameDialog
          open={asked() === 'rename'}
          name={props.adapter.name}
          onClose={() => setAsked(undefined)}
          onDone={(name) => adapters.rename(props.adapter.id, name)}
        />
        <ConfirmDialog
          open={asked() === 'delete'}
          title={`Delete ${props.adapter.name}?`}
          action="Delete"
          onClose={() => setAsked(undefined)}
          onDone={() => adapters.remove(props.adapter.id)}
        >
          This deletes what it has learned, unless you have exported it. Its model is not changed.
        </ConfirmDialog>
      </td>
    </tr>
  );
}
