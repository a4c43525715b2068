import { createUniqueId, For } from 'solid-js';
import type { PrecisionChoice } from '../../worker/contract';
import { PRECISION_CHOICES } from '../shared/precision-choices';

const words: Readonly<Record<PrecisionChoice, { readonly name: string; readonly note: string }>> = {
  automatic: { name: 'Automatic', note: '16 bits on a GPU that has them, 32 bits elsewhere.' },
  exact: { name: 'Exact (32 bits)', note: 'The most accurate, with the largest cache and the most work for a GPU.' },
  fast: {
    name: 'Fast (16 bits)',
    note: 'The cache takes half the memory of 32 bits, and a GPU has less work. Logits are off by about 0.1\u00a0%, which hardly ever changes the likeliest token. On a GPU without 16-bit floats it computes exactly.',
  },
  int8: {
    name: '8 bits',
    note: 'The cache takes a quarter of the memory of 32 bits. Logits are off by about 1 to 2.4\u00a0%, and the likeliest token is the same in 98.7 to 100\u00a0% of cases. Whether it is faster depends on the device.',
  },
};

/** A choice of the precision that a model is computed in, with what each costs. */
export function PrecisionSelect(props: {
  label: string;
  value: PrecisionChoice;
  /** The memory of the cache, as a sentence. */
  cache: string;
  onChange: (precision: PrecisionChoice) => void;
}) {
  const id = createUniqueId();
  return (
    <div class="row">
      <div class="labelled">
        <label for={id}>{props.label}</label>
        <select
          id={id}
          aria-describedby={`${id}-note`}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value as PrecisionChoice)}
        >
          <For each={PRECISION_CHOICES}>
            {(each) => (
              <option value={each} selected={each === props.value}>
                {words[each].name}
              </option>
            )}
          </For>
        </select>
      </div>
      <p id={`${id}-note`} class="hint choice-note">
        {words[props.value].note} {props.cache}
      </p>
    </div>
  );
}
