import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { ErrorData, GivenFile, SavedFile } from '../../worker/contract';
import { useApp } from '../context';
import { countOf, formatBytes } from '../shared/format';
import { chosenFiles, hasFolders } from '../shared/picked-files';
import { runTool, type Tool } from './run-tool';
import { WorkBar } from '../shared/work-bar';

/** Work on weights that makes files, not models. */
export function Tools() {
  return (
    <details class="fold tools">
      <summary>
        <h2>Tools</h2>
      </summary>
      <ToolForm
        tool="encrypt"
        title="Make encrypted files"
        about="The way point-alpaca published its weights: anyone with the same key file can decrypt them. Every file uses the key from its start, so anyone who knows one of the files knows that part of the key."
        first="The key"
        second="Files to encrypt"
        action="Encrypt"
      />
      <ToolForm
        tool="recover"
        title="Recover from a weight difference"
        about="The way Stanford published Alpaca: the tuned model is the base model plus the published difference."
        first="The base model’s files"
        second="The difference’s files"
        action="Save as safetensors"
      />
      <ToolForm
        tool="make"
        title="Make a weight difference"
        about="What others with the same base model need to get the tuned one."
        first="The base model’s files"
        second="The tuned model’s files"
        action="Save the difference"
      />
    </details>
  );
}

function ToolForm(props: { tool: Tool; title: string; about: string; first: string; second: string; action: string }) {
  const { engine, library } = useApp();
  const { jobs, imports } = library;
  const [first, setFirst] = createSignal<readonly GivenFile[]>([]);
  const [second, setSecond] = createSignal<readonly GivenFile[]>([]);
  const [saved, setSaved] = createSignal<readonly SavedFile[]>();
  const [problem, setProblem] = createSignal<ErrorData>();
  const job = () => jobs.find('save', `tool-${props.tool}`);
  const busy = () => job()?.state === 'running';
  const ready = () => first().length > 0 && second().length > 0;

  async function run(): Promise<void> {
    if (busy()) return;
    setSaved(undefined);
    setSaved(await runTool(engine, jobs, props.tool, first(), second()));
  }
  async function makeModel(): Promise<void> {
    if (busy()) return;
    const looked = await imports.look({ kind: 'weight-diff', base: first(), diff: second() }, 'Recovered model');
    setProblem(typeof looked === 'object' ? looked : undefined);
  }

  return (
    <section class="tool" aria-label={props.title}>
      <h3>{props.title}</h3>
      <p class="hint">{props.about}</p>
      <div class="tool-files">
        <FilesField label={props.first} single={props.tool === 'encrypt'} files={first()} onFiles={setFirst} />
        <FilesField label={props.second} files={second()} onFiles={setSecond} />
      </div>
      <Show when={busy() && job()}>{(work) => <WorkBar label={props.title} work={work()} />}</Show>
      <Show when={job()?.error ?? problem()}>{(error) => <p role="alert">{error().message}</p>}</Show>
      <Show when={job()?.result}>{(result) => <p role="status">{result()}</p>}</Show>
      <Show when={saved()?.length}>
        <SavedTable saved={saved() ?? []} />
      </Show>
      <div class="row">
        <Show when={props.tool === 'recover'}>
          <button
            type="button"
            class="button"
            disabled={!ready()}
            aria-disabled={busy()}
            onClick={() => void makeModel()}
          >
            Make a model
          </button>
        </Show>
        <button type="button" class="button" disabled={!ready()} aria-disabled={busy()} onClick={() => void run()}>
          {props.action}
        </button>
        <Show when={busy()}>
          <button
            type="button"
            class="button quiet"
            onClick={() => void engine.client.imports.cancel(`tool-${props.tool}`)}
          >
            Cancel
          </button>
        </Show>
        <span class="hint">{hasFolders() ? 'You choose a folder.' : 'The browser downloads the files.'}</span>
      </div>
    </section>
  );
}

function FilesField(props: {
  label: string;
  single?: boolean;
  files: readonly GivenFile[];
  onFiles: (files: readonly GivenFile[]) => void;
}) {
  const id = createUniqueId();
  const words = () => {
    const bytes = props.files.reduce((sum, { file }) => sum + file.size, 0);
    if (props.files.length === 0) return 'None yet';
    const name = props.files.length === 1 ? props.files[0].path : countOf(props.files.length, 'file');
    return `${name}, ${formatBytes(bytes)}`;
  };
  return (
    <div class="labelled">
      <span class="label-text" id={id}>
        {props.label}
      </span>
      <div class="row">
        <label class="button">
          Choose
          <input
            class="hidden-input"
            type="file"
            aria-labelledby={id}
            multiple={!props.single}
            onChange={(event) => props.onFiles(chosenFiles(event.currentTarget.files))}
          />
        </label>
        <span class="hint">{words()}</span>
      </div>
    </div>
  );
}

function SavedTable(props: { saved: readonly SavedFile[] }) {
  return (
    <table class="files">
      <thead class="visually-hidden">
        <tr>
          <th scope="col">File</th>
          <th scope="col">Size</th>
          <th scope="col">Result</th>
        </tr>
      </thead>
      <tbody>
        <For each={props.saved}>
          {(each) => (
            <tr classList={{ bad: !each.ok }}>
              <td>{each.name}</td>
              <td class="number-cell">{formatBytes(each.bytes)}</td>
              <td>{each.ok ? 'saved' : (each.problem ?? 'not kept')}</td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}
