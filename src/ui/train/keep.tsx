import { createMemo, createSignal, For, Show } from 'solid-js';
import type { AdapterFormat, AdapterSummary } from '../../worker/contract';
import { useApp } from '../context';
import { WorkBar } from '../shared/work-bar';
import { formatBytes, formatCount } from '../shared/format';
import { goTo } from '../shared/route';
import { useTraining } from './context';
import { MergeForm } from './merge-form';
import { Step } from './steps';

/** What is done with an adapter: used, compared, taken away. */
export function KeepStep() {
  const { adapters } = useApp();
  const { runs } = useTraining();
  const [chosen, setChosen] = createSignal<string>();
  const adapter = createMemo(() => {
    const wanted = chosen() ?? runs.shown()?.adapterId;
    return adapters.find(wanted ?? '') ?? adapters.ofModel().at(0);
  });
  return (
    <Step title="Keep" note="An adapter is a small file that changes what its model says. Use it here, or export it.">
      <Show when={adapter()} fallback={<p class="hint">When a run ends, its adapter is saved here.</p>}>
        {(kept) => (
          <>
            <div class="row">
              <select aria-label="Adapter" value={kept().id} onChange={(event) => setChosen(event.currentTarget.value)}>
                <For each={adapters.list()}>
                  {(each) => (
                    <option value={each.id} selected={each.id === kept().id}>
                      {each.name}
                    </option>
                  )}
                </For>
              </select>
              <span class="figures">
                {formatCount(kept().parameters)} parameters · {formatBytes(kept().bytes)} · for {kept().modelName}
              </span>
            </div>
            <Uses adapter={kept()} />
            <Exports adapter={kept()} />
          </>
        )}
      </Show>
    </Step>
  );
}

function Uses(props: { adapter: AdapterSummary }) {
  const { adapters, chats } = useApp();
  const chat = (compare: boolean) => {
    adapters.useAlone(props.adapter);
    chats.setCompare(compare);
    chats.open(undefined);
    goTo('chat');
  };
  const obstacle = () => adapters.obstacle(props.adapter);
  return (
    <div class="row">
      <button type="button" class="button primary" disabled={obstacle() !== undefined} onClick={() => chat(false)}>
        Chat with it
      </button>
      <button type="button" class="button" disabled={obstacle() !== undefined} onClick={() => chat(true)}>
        Compare with the base in Chat
      </button>
      <Show when={obstacle()}>{(words) => <p class="hint">{words()}</p>}</Show>
    </div>
  );
}

const formats: readonly { readonly format: AdapterFormat; readonly name: string; readonly works: string }[] = [
  {
    format: 'peft',
    name: 'PEFT folder',
    works: 'transformers with peft, vLLM, text-generation-inference, Axolotl, LLaMA-Factory; and Pronk itself.',
  },
  {
    format: 'gguf',
    name: 'GGUF adapter',
    works: 'llama.cpp (--lora) and programs that are built on it: Ollama, LM Studio, KoboldCpp.',
  },
  { format: 'mlx', name: 'mlx-lm adapter', works: 'mlx-lm on Apple silicon.' },
  {
    format: 'trl',
    name: 'The run as a folder',
    works: 'The same training with Hugging Face TRL, on one machine or many: rows, settings and two commands.',
  },
];

function Exports(props: { adapter: AdapterSummary }) {
  const { adapters, library } = useApp();
  const { runs } = useTraining();
  const job = () => library.jobs.find('save', props.adapter.id);
  const busy = () => job()?.state === 'running';
  const runOf = () =>
    runs.list().find(({ adapterId, id }) => adapterId === props.adapter.id || id === props.adapter.runId);
  return (
    <div class="exports">
      <h3>Export</h3>
      <ul class="item-list export-list">
        <For each={formats}>
          {(each) => (
            <li>
              <div>
                <span class="item-title">{each.name}</span>
                <span class="hint block">{each.works}</span>
              </div>
              <button
                type="button"
                class="button"
                aria-label={`Export: ${each.name}`}
                aria-disabled={busy()}
                onClick={() => adapters.save(props.adapter.id, each.format)}
              >
                Export
              </button>
            </li>
          )}
        </For>
        <Show when={runOf()}>
          {(run) => (
            <li>
              <div>
                <span class="item-title">trainer_state.json</span>
                <span class="hint block">
                  The log of the run in transformers’ format, for tools that plot such logs.
                </span>
              </div>
              <button
                type="button"
                class="button"
                aria-label="Export: trainer_state.json"
                onClick={() => runs.saveLog(run().id)}
              >
                Export
              </button>
            </li>
          )}
        </Show>
      </ul>
      <MergeForm adapter={props.adapter} busy={busy()} />
      <Show when={busy() ? job() : undefined}>
        {(running) => <WorkBar label={`Export of ${props.adapter.name}`} work={running()} />}
      </Show>
      <Show when={job()?.error}>{(error) => <p role="alert">{error().message}</p>}</Show>
      <Show when={job()?.result}>{(result) => <p role="status">{result()}</p>}</Show>
    </div>
  );
}
