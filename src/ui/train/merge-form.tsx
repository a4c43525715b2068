import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { AdapterSummary, MergeFormat, MergeType } from '../../worker/contract';
import { useApp } from '../context';
import type { Rejected } from './training-form';
import { NumberBox } from './number-box';

const formats: readonly {
  readonly format: MergeFormat;
  readonly name: string;
  readonly types: readonly MergeType[];
  readonly works: string;
}[] = [
  {
    format: 'gguf',
    name: 'GGUF',
    types: ['f16', 'f32', 'q8_0', 'q4_0'],
    works: 'One file for llama.cpp, Ollama, LM Studio and Pronk.',
  },
  {
    format: 'hf',
    name: 'Hugging Face folder',
    types: ['f16', 'f32'],
    works: 'safetensors with configuration and tokenizer, for transformers and other tools that read this format.',
  },
  {
    format: 'meta',
    name: 'Meta’s format',
    types: ['f16', 'f32'],
    works: 'consolidated.00.pth and params.json, for code that reads the original LLaMA checkpoints.',
  },
];
const typeNames: Readonly<Record<MergeType, string>> = {
  f32: '32 bits',
  f16: '16 bits',
  q8_0: '8 bits (Q8_0)',
  q4_0: '4 bits (Q4_0); may round small changes away',
};
const SHARDS = [
  [0.4e9, '400 MB'],
  [2e9, '2 GB'],
  [5e9, '5 GB'],
] as const;

/** Model and adapter as one. */
export function MergeForm(props: { adapter: AdapterSummary; busy: boolean }) {
  const { adapters } = useApp();
  const ids = {
    format: createUniqueId(),
    dtype: createUniqueId(),
    shard: createUniqueId(),
    strength: createUniqueId(),
  };
  const [format, setFormat] = createSignal(formats[0]);
  const [dtype, setDtype] = createSignal<MergeType>('f16');
  const [shard, setShard] = createSignal<number>(SHARDS[0][0]);
  const [strength, setStrength] = createSignal(1);
  const [rejected, setRejected] = createSignal<Rejected>();
  const type = () => (format().types.includes(dtype()) ? dtype() : format().types[0]);
  return (
    <details class="fold merge">
      <summary>As a whole model, merged with its base</summary>
      <form
        class="merge-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (props.busy || rejected()) return;
          adapters.merge(props.adapter, {
            format: format().format,
            dtype: type(),
            strength: strength(),
            ...(format().format === 'hf' && { shardBytes: shard() }),
          });
        }}
      >
        <div class="labelled">
          <label for={ids.format}>Format</label>
          <select
            id={ids.format}
            onChange={(event) =>
              setFormat(formats.find((each) => each.format === event.currentTarget.value) ?? formats[0])
            }
          >
            <For each={formats}>{(each) => <option value={each.format}>{each.name}</option>}</For>
          </select>
        </div>
        <div class="labelled">
          <label for={ids.dtype}>Data type</label>
          <select id={ids.dtype} value={type()} onChange={(event) => setDtype(event.currentTarget.value as MergeType)}>
            <For each={format().types}>
              {(each) => (
                <option value={each} selected={each === type()}>
                  {typeNames[each]}
                </option>
              )}
            </For>
          </select>
        </div>
        <Show when={format().format === 'hf'}>
          <div class="labelled">
            <label for={ids.shard}>Shard size</label>
            <select id={ids.shard} value={shard()} onChange={(event) => setShard(Number(event.currentTarget.value))}>
              <For each={SHARDS}>{([bytes, words]) => <option value={bytes}>at most {words}</option>}</For>
            </select>
          </div>
        </Show>
        <div class="labelled">
          <label for={ids.strength}>Strength</label>
          <NumberBox
            id={ids.strength}
            value={strength()}
            bounds={{ min: 0, max: 2 }}
            step={0.05}
            rejected={rejected()}
            onChange={(value) => {
              setRejected(undefined);
              setStrength(value ?? 1);
            }}
            onReject={setRejected}
          />
        </div>
        <button type="submit" class="button" aria-disabled={props.busy || rejected() !== undefined}>
          Merge and save
        </button>
      </form>
      <p class="hint">{format().works} The model is merged as it is stored here, dequantized.</p>
    </details>
  );
}
