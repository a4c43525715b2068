import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { MixMethod } from '../../worker/contract';
import { useApp } from '../context';
import { Dialog } from '../shared/dialog';
import { formatNumber } from '../shared/format';

const METHODS: readonly { readonly method: MixMethod; readonly name: string; readonly says: string }[] = [
  { method: 'cat', name: 'Exactly this mix', says: 'It answers as the mix does. Its rank is the sum of their ranks.' },
  { method: 'svd', name: 'Of a rank (SVD)', says: 'It is the nearest adapter of that rank, and says how near.' },
  { method: 'ties', name: 'TIES', says: 'It keeps the largest values. Where adapters disagree, the majority counts.' },
  {
    method: 'dare_ties',
    name: 'DARE with TIES',
    says: 'It drops random values. Where adapters disagree, the majority counts.',
  },
  { method: 'dare_linear', name: 'DARE', says: 'It drops random values, makes up for them, and adds the rest.' },
  { method: 'magnitude_prune', name: 'Largest values', says: 'It keeps the largest values of each, and adds them.' },
  {
    method: 'linear',
    name: 'Plain sum of the halves',
    says: 'It is small and rough: A and B are added by themselves.',
  },
];

/** Keeps the adapters in use, with their strengths, as one adapter. */
export function MixDialog(props: { open: boolean; onClose: () => void }) {
  const { adapters } = useApp();
  const ids = { name: createUniqueId(), method: createUniqueId() };
  const [choice, setChoice] = createSignal(METHODS[0]);
  let form!: HTMLFormElement;
  const prunes = () => /ties|dare|prune/.test(choice().method);
  const words = () => adapters.named().map(({ name, strength }) => `${name} × ${formatNumber(strength)}`);
  return (
    <Dialog open={props.open} title="Save this mix as one adapter" onClose={() => props.onClose()}>
      <form
        ref={form}
        class="merge-form"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(form);
          const number = (key: string) => Number(typed.get(key));
          adapters.mix({
            name: String(typed.get('name')),
            method: choice().method,
            ...(choice().method === 'svd' && { rank: number('rank') }),
            ...(prunes() && { density: number('density') }),
          });
          props.onClose();
        }}
      >
        <p>{words().join(' + ')}</p>
        <div class="labelled">
          <label for={ids.name}>Name</label>
          <input
            id={ids.name}
            name="name"
            class="field"
            type="text"
            dir="auto"
            required
            autofocus
            value={adapters
              .named()
              .map(({ name }) => name)
              .join(' + ')}
          />
        </div>
        <div class="labelled">
          <label for={ids.method}>Method</label>
          <select
            id={ids.method}
            onChange={(event) =>
              setChoice(METHODS.find(({ method }) => method === event.currentTarget.value) ?? METHODS[0])
            }
          >
            <For each={METHODS}>{({ method, name }) => <option value={method}>{name}</option>}</For>
          </select>
        </div>
        <p class="hint">{choice().says}</p>
        <Show when={choice().method === 'svd'}>
          <NumberField label="Rank" name="rank" min={1} max={1024} step={1} value={16} />
        </Show>
        <Show when={prunes()}>
          <NumberField label="Share that stays" name="density" min={0.01} max={1} step={0.01} value={0.5} />
        </Show>
        <button type="submit" class="button primary">
          Save
        </button>
      </form>
    </Dialog>
  );
}

/** A number of the form, with its label. */
function NumberField(props: {
  readonly label: string;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
}) {
  const id = createUniqueId();
  return (
    <div class="labelled">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        class="number"
        type="number"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        required
      />
    </div>
  );
}
