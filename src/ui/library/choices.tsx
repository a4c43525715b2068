import { createUniqueId, For, Show } from 'solid-js';
import type { ImportPlan, Quantize } from '../../worker/contract';
import { formatBytes } from '../shared/format';
import { memoryOf, problemOf } from './gpu-memory';

type Choice = ImportPlan['choices'][number];

export const words: Readonly<Record<Quantize, { readonly name: string; readonly note: string }>> = {
  keep: { name: 'As it is', note: 'every value exactly as in the files' },
  f32: { name: '32 bits', note: 'every value in single precision' },
  f16: { name: '16 bits', note: 'every value rounded to half precision' },
  q8: { name: '8 bits', note: 'nearly identical to the original' },
  q4: { name: '4 bits', note: 'the smallest, slightly less accurate' },
};

/** How the model is stored, and what each way takes. */
export function Choices(props: {
  plan: ImportPlan;
  chosen: Quantize | undefined;
  context: number;
  cacheBytes: number;
  onChoose: (quantize: Quantize) => void;
}) {
  const group = createUniqueId();
  return (
    <fieldset class="choices">
      <legend>Quantization</legend>
      <For each={props.plan.choices}>
        {(choice) => (
          <ChoiceRow
            choice={choice}
            group={group}
            memory={memoryOf(choice, props.cacheBytes, props.context)}
            problem={problemOf(props.plan, choice, memoryOf(choice, props.cacheBytes, props.context))}
            recommended={choice.quantize === props.plan.recommended}
            checked={choice.quantize === props.chosen}
            onChoose={() => props.onChoose(choice.quantize)}
          />
        )}
      </For>
    </fieldset>
  );
}

function ChoiceRow(props: {
  choice: Choice;
  group: string;
  memory: number;
  problem: string | undefined;
  recommended: boolean;
  checked: boolean;
  onChoose: () => void;
}) {
  const id = createUniqueId();
  return (
    <label class="choice" classList={{ unfit: props.problem !== undefined }}>
      <input
        type="radio"
        name={props.group}
        value={props.choice.quantize}
        checked={props.checked}
        disabled={props.problem !== undefined}
        aria-label={words[props.choice.quantize].name}
        aria-describedby={id}
        onChange={() => props.onChoose()}
      />
      <span class="choice-name">
        {words[props.choice.quantize].name}
        <Show when={props.recommended}>
          <span class="tag">Recommended</span>
        </Show>
      </span>
      <span id={id} class="choice-words">
        <span class="choice-sizes">
          <span>{formatBytes(props.choice.storedBytes)} stored</span>
          <span>{formatBytes(props.memory)} of GPU memory</span>
        </span>
        <span class="hint block">{props.problem ?? props.choice.rounds ?? words[props.choice.quantize].note}</span>
        <Show when={props.problem === undefined && props.choice.warning}>
          {(warning) => <span class="hint block caution">{warning()}</span>}
        </Show>
      </span>
    </label>
  );
}
