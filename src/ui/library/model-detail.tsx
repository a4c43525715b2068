import { For, Show } from 'solid-js';
import type { ModelSummary } from '../../worker/contract';
import { IconButton } from '../shared/icon-button';
import { useApp } from '../context';
import { formatBytes, formatNumber, formatWhen } from '../shared/format';
import { shortHashes } from '../shared/hashes';
import type { JobTask } from './jobs';
import { cacheBytesOf, contextsFor } from './gpu-memory';
import { ContextSelect } from './context-select';
import { PrecisionSelect } from './precision-select';
import { QualityTable } from './quality';
import { WorkBar } from '../shared/work-bar';

/** The context that pages load unless another one was chosen. */
const DEFAULT_CONTEXT = 4096;

const labels: Readonly<Record<JobTask, string>> = {
  verify: 'Check',
  quality: 'Measurement',
  save: 'Export',
};
const tasks: readonly JobTask[] = ['verify', 'quality', 'save'];

/** More about a model, and what is being done with it. */
export function ModelDetail(props: { model: ModelSummary }) {
  const { engine, library } = useApp();
  const { jobs } = library;
  const usual = () => Math.min(DEFAULT_CONTEXT, props.model.contextLength);
  const context = () => engine.contextOf(props.model.id) ?? usual();
  const precision = () => engine.precisionOf(props.model.id);
  const cache = () => context() * cacheBytesOf(props.model.cacheBytes, engine.device(), precision());
  const busy = (task: JobTask) => jobs.find(task, props.model.id)?.state === 'running';
  return (
    <div class="model-detail">
      <div class="row">
        <ContextSelect
          label={`Context of ${props.model.name}`}
          value={context()}
          contexts={contextsFor(props.model.contextLength, usual(), context())}
          words={(each) => `${formatNumber(each)} tokens${each === usual() ? ' (default)' : ''}`}
          onChange={(each) => engine.setContext(props.model.id, each)}
        />
        <p class="hint choice-note">
          Used whenever this model is loaded. A shorter context needs less GPU memory; a longer one remembers more of a
          conversation.
        </p>
      </div>
      <PrecisionSelect
        label={`Precision of ${props.model.name}`}
        value={precision()}
        cache={`The cache of this context takes ${formatBytes(cache())}.`}
        onChange={(each) => engine.setPrecision(props.model.id, each)}
      />
      <p class="hint">
        From <span title={props.model.source}>{shortHashes(props.model.source)}</span> · vocabulary of{' '}
        {formatNumber(props.model.vocabSize)} tokens · added {formatWhen(props.model.addedAt)}
        <Show when={engine.model()?.id === props.model.id && engine.loadedContext()}>
          {(tokens) => ` · loaded with ${formatNumber(tokens())} tokens of context`}
        </Show>
      </p>
      <Show when={props.model.quality}>{(quality) => <QualityTable quality={quality()} />}</Show>
      <For each={tasks}>{(task) => <JobLine model={props.model} task={task} />}</For>
      <div class="row">
        <button type="button" class="button" aria-disabled={busy('verify')} onClick={() => library.verify(props.model)}>
          Verify
        </button>
        <button
          type="button"
          class="button"
          aria-disabled={busy('quality')}
          onClick={() => library.measure(props.model)}
        >
          Measure perplexity
        </button>
        <button
          type="button"
          class="button"
          aria-disabled={busy('save')}
          onClick={() => library.exportModel(props.model)}
        >
          Export as GGUF
        </button>
      </div>
    </div>
  );
}

function JobLine(props: { model: ModelSummary; task: JobTask }) {
  const { jobs } = useApp().library;
  const job = () => {
    const found = jobs.find(props.task, props.model.id);
    // the perplexity that was measured stays in sight by itself
    return props.task === 'quality' && found?.state === 'done' && props.model.quality?.perplexity ? undefined : found;
  };
  return (
    <Show when={job()}>
      {(found) => (
        <div class="job">
          <Show
            when={found().state === 'running'}
            fallback={
              <div class="row job-result">
                <p role={found().error ? 'alert' : 'status'}>{found().error?.message ?? found().result}</p>
                <IconButton
                  icon="close"
                  label="Hide this result"
                  onClick={() => jobs.forget(props.task, props.model.id)}
                />
              </div>
            }
          >
            <WorkBar
              label={`${labels[props.task]} of ${props.model.name}`}
              work={found()}
              bytes={props.task !== 'quality'}
            />
          </Show>
        </div>
      )}
    </Show>
  );
}
