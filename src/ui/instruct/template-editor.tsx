import { defined } from '../../core/defined';
import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { PromptTemplate } from '../../worker/contract';
import { Dialog } from '../shared/dialog';
import { useApp } from '../context';
import { download, fileName } from '../shared/downloads';
import { noTemplate, readTemplate } from './templates';

const fields = [
  { key: 'name', label: 'Name', rows: 1 },
  { key: 'description', label: 'Description', rows: 1 },
  { key: 'prompt_input', label: 'Prompt with input', rows: 6 },
  { key: 'prompt_no_input', label: 'Prompt without input', rows: 5 },
  { key: 'response_split', label: 'Text before the response', rows: 1 },
] as const;

/** Own templates, written here or read from alpaca-lora's JSON files. */
export function TemplateEditor() {
  const { instruct } = useApp();
  const { templates } = instruct;
  const [edited, setEdited] = createSignal<PromptTemplate>();
  const [problem, setProblem] = createSignal('');
  const isOwn = (name: string) => templates.own().some((each) => each.name === name);

  const begin = () => {
    const template = templates.chosen();
    if (!template) return;
    setProblem('');
    setEdited(isOwn(template.name) ? { ...template } : { ...template, name: `${template.name} (own)` });
  };
  const save = (template: PromptTemplate) => {
    const wrong = templates.save(template);
    setProblem(wrong ?? '');
    if (!wrong) setEdited(undefined);
  };
  async function read(file: File | undefined): Promise<void> {
    if (!file) return;
    const template = await readTemplate(file);
    setProblem(template ? '' : noTemplate(file.name));
    if (template) setEdited(template);
  }

  return (
    <>
      <button type="button" class="button quiet" disabled={!templates.chosen()} onClick={begin}>
        Edit template
      </button>
      <Dialog open={edited() !== undefined} title="Template" onClose={() => setEdited(undefined)}>
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            const template = edited();
            if (template) save(template);
          }}
        >
          <p class="hint">
            <code>{'{instruction}'}</code> and <code>{'{input}'}</code> are replaced by the text of the form.
          </p>
          <For each={fields}>{(field) => <TemplateField field={field} template={edited()} onChange={setEdited} />}</For>
          <Show when={problem()}>
            <p role="alert">{problem()}</p>
          </Show>
          <div class="row">
            <label class="button quiet">
              Load a file
              <input
                class="hidden-input"
                type="file"
                accept=".json"
                onChange={(event) => void read(event.currentTarget.files?.[0])}
              />
            </label>
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                const template = edited();
                if (template)
                  download(fileName(template.name, 'json'), JSON.stringify(template, null, 2), 'application/json');
              }}
            >
              Export
            </button>
            <Show when={isOwn(edited()?.name ?? '')}>
              <button
                type="button"
                class="button quiet"
                onClick={() => {
                  templates.remove(defined(edited(), 'the edited template').name);
                  setEdited(undefined);
                }}
              >
                Delete
              </button>
            </Show>
            <span class="spring" />
            <button type="submit" class="button primary">
              Save
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}

function TemplateField(props: {
  field: (typeof fields)[number];
  template: PromptTemplate | undefined;
  onChange: (template: PromptTemplate) => void;
}) {
  const id = createUniqueId();
  const value = () => props.template?.[props.field.key] ?? '';
  const put = (text: string) => props.template && props.onChange({ ...props.template, [props.field.key]: text });
  return (
    <div class="labelled">
      <label for={id}>{props.field.label}</label>
      <Show
        when={props.field.rows > 1}
        fallback={
          <input
            id={id}
            class="field"
            dir="auto"
            type="text"
            value={value()}
            onInput={(event) => put(event.currentTarget.value)}
          />
        }
      >
        <textarea
          id={id}
          class="field code"
          dir="auto"
          rows={props.field.rows}
          value={value()}
          onInput={(event) => put(event.currentTarget.value)}
        />
      </Show>
    </div>
  );
}
