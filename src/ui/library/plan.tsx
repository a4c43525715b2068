import { defined } from '../../core/defined';
import { createUniqueId, For, Show } from 'solid-js';
import type { ImportPlan } from '../../worker/contract';
import { useApp } from '../context';
import { countOf, formatBytes, formatNumber } from '../shared/format';
import { isIncomplete } from './group-files';
import { shortHashes } from '../shared/hashes';
import { chosenOf, type ImportTask } from './imports';
import { cacheBytesOf, contextsFor, memoryOf, problemOf } from './gpu-memory';
import { Choices, words } from './choices';
import { ContextSelect } from './context-select';
import { PatchFiles, wrongKey } from './patch-files';
import { WorkBar } from '../shared/work-bar';

/** The plan of an import: what it is, needs and will be, before a byte is copied. */
export function Plan(props: { task: ImportTask }) {
  const { library, engine } = useApp();
  const { imports, jobs } = library;
  const nameId = createUniqueId();
  const plan = () => defined(props.task.plan, 'the plan of the task');
  const cache = () => {
    const { model } = plan();
    return model ? cacheBytesOf(model.cacheBytes, engine.device()) : 0;
  };
  const context = () => props.task.context ?? plan().model?.defaultContext ?? 0;
  const contexts = () => {
    const { contextLength, defaultContext } = defined(plan().model, 'the model of the plan');
    return contextsFor(contextLength, defaultContext);
  };
  const chosen = () => plan().choices.find(({ quantize }) => quantize === chosenOf(props.task));
  const fits = () => {
    const choice = chosen();
    return choice !== undefined && !problemOf(plan(), choice, memoryOf(choice, cache(), context()));
  };
  const saving = () => jobs.find('save', props.task.id);
  const busy = () => saving()?.state === 'running';
  const waits = () =>
    plan().patch === undefined
      ? isIncomplete(plan())
      : !plan().patch?.files.some(({ state }) => state === 'bad') &&
        /^(missing-|unsupported-format)/.test(plan().problem?.code ?? '');
  /** Nothing can be made of it, whatever else is given. */
  const hopeless = () => plan().choices.length === 0 && plan().patch === undefined && !waits();
  const problem = () => plan().problem?.message ?? props.task.error?.message;
  return (
    <form
      class="plan"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits() && !busy()) imports.start(props.task.id);
      }}
    >
      <header>
        <h2>{shortHashes(props.task.name)}</h2>
        <Show when={props.task.state === 'looking'}>
          <span class="hint" role="status">
            Looking at the files
          </span>
        </Show>
      </header>
      <Show when={plan().what !== problem()}>
        <p>{shortHashes(plan().what)}</p>
      </Show>
      <For each={plan().notes}>{(note) => <p class="hint">{note}</p>}</For>
      <Already plan={plan()} />
      <Facts plan={plan()} />
      <Show when={plan().patch}>
        {(patch) => (
          <PatchFiles
            patch={patch()}
            saved={props.task.saved}
            wrongKey={wrongKey(plan())}
            onKey={(files) => imports.addTo(props.task.id, files)}
          />
        )}
      </Show>
      <Show when={problem()}>
        {(message) => (
          // files that are still to come are no failure
          <p role={waits() ? 'status' : 'alert'}>{shortHashes(message())}</p>
        )}
      </Show>
      <Show when={plan().model && plan().choices.length > 0}>
        <Choices
          plan={plan()}
          chosen={chosen()?.quantize}
          context={context()}
          cacheBytes={cache()}
          onChoose={(quantize) => imports.choose(props.task.id, { quantize })}
        />
        <div class="plan-fields">
          <ContextSelect
            label="Context"
            value={context()}
            contexts={contexts()}
            words={(each) => `${formatNumber(each)} tokens · ${formatBytes(cache() * each)}`}
            onChange={(each) => imports.choose(props.task.id, { context: each })}
          />
          <div class="labelled">
            <label for={nameId}>Name</label>
            <input
              id={nameId}
              class="field"
              type="text"
              value={props.task.newName ?? plan().name}
              onInput={(event) => imports.choose(props.task.id, { newName: event.currentTarget.value })}
            />
          </div>
        </div>
        <p class="hint">{offerWords(plan())}</p>
      </Show>
      <Show when={busy() ? saving() : undefined}>
        {(job) => <WorkBar label={`Saving of ${props.task.name}`} work={job()} />}
      </Show>
      <Show when={saving()?.error}>{(error) => <p role="alert">{error().message}</p>}</Show>
      <Show when={saving()?.result}>{(result) => <p role="status">{result()}</p>}</Show>
      <div class="row">
        <Show when={!hopeless()}>
          <button type="submit" class="button primary" disabled={!fits() || busy() || props.task.state === 'looking'}>
            {plan().patch ? 'Make a model' : 'Start'}
          </button>
        </Show>
        <Show when={plan().patch?.files.some(({ state }) => state === 'present' || state === 'done')}>
          <button
            type="button"
            class="button"
            disabled={!plan().patch?.key || wrongKey(plan())}
            aria-disabled={busy()}
            onClick={() => imports.saveDecrypted(props.task.id)}
          >
            Save decrypted files
          </button>
        </Show>
        <button type="button" class="button quiet" onClick={() => imports.cancel(props.task.id)}>
          {hopeless() ? 'Dismiss' : 'Cancel'}
        </button>
      </div>
    </form>
  );
}

/** Says that these files are here already as a model: they are read again only to be stored in another way. */
function Already(props: { plan: ImportPlan }) {
  const { engine } = useApp();
  const there = () => props.plan.already?.filter(({ id }) => engine.models().some((model) => model.id === id)) ?? [];
  const nameOf = ({ name, quantize }: NonNullable<ImportPlan['already']>[number]) =>
    quantize ? `${name} (${words[quantize].name.toLowerCase()})` : name;
  return (
    <Show when={there().length > 0}>
      <div class="row" role="status">
        <p>
          This model is already here, as {there().map(nameOf).join(' and ')}. Start adds it again, for example in
          another quantization.
        </p>
        <For each={there()}>
          {({ id, name }) => (
            <Show when={engine.model()?.id !== id}>
              <button type="button" class="button" onClick={() => engine.use(id)}>
                Use {name}
              </button>
            </Show>
          )}
        </For>
      </div>
    </Show>
  );
}

function Facts(props: { plan: ImportPlan }) {
  const facts = () => {
    const { model, readBytes, download } = props.plan;
    const parts = [
      readBytes > 0 && `${formatBytes(readBytes)} to ${download ? 'download' : 'read'}`,
      model && `${model.layers} layers`,
      model && `vocabulary of ${formatNumber(model.vocabSize)} tokens`,
      model && `trained with a context of ${formatNumber(model.contextLength)} tokens`,
      model && `licence ${model.licence ?? 'not stated'}`,
    ];
    return parts.filter(Boolean).join(' · ');
  };
  return (
    <>
      <Show when={facts()}>{(words) => <p class="hint">{words()}</p>}</Show>
      <Show when={props.plan.unused}>
        {(unused) => <p class="hint">Not part of the model, and not read: {unused().map(shortHashes).join(', ')}.</p>}
      </Show>
      <Show when={props.plan.files.length > 0 && !props.plan.patch}>
        <details class="fold">
          <summary>{countOf(props.plan.files.length, 'file')}</summary>
          <table class="files">
            <thead class="visually-hidden">
              <tr>
                <th scope="col">File</th>
                <th scope="col">Size</th>
              </tr>
            </thead>
            <tbody>
              <For each={props.plan.files}>
                {({ name, size }) => (
                  <tr>
                    <td title={name}>{shortHashes(name)}</td>
                    <td class="number-cell">{formatBytes(size)}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </details>
      </Show>
    </>
  );
}

/** The room on the disk and the memory of the adapter, as far as they are known. */
function offerWords({ room, gpuBytes, device }: ImportPlan): string {
  const gpu =
    gpuBytes === undefined
      ? `${device ?? 'The GPU'} does not report how much memory it has.`
      : `${device ?? 'The GPU'} is assumed to have ${formatBytes(gpuBytes)} of memory.`;
  return [roomWords(room), gpu].filter(Boolean).join(' ');
}

function roomWords(room: ImportPlan['room']): string {
  if (!room) return '';
  if (!room.told) return 'This browser does not report how much disk space is free.';
  const small = room.small ? ' That is little: this may be a private window.' : '';
  return `The browser allows ${formatBytes(room.bytes)} more on this disk.${small}`;
}
