import { createUniqueId, For, Show } from 'solid-js';
import { useApp } from '../context';
import { createAnswer } from '../shared/debounced-query';
import { type AnswerForm, EDITED, FORM_KINDS, type FormKind } from './answer-form';

const HINTS: Record<FormKind, string> = {
  text: 'The model writes what it likes.',
  json_object: 'Every answer is one JSON object, whatever is in it. Say in the question which fields you want.',
  json_schema: 'Every answer is JSON that this JSON Schema accepts.',
  regex: 'Every answer matches this pattern as a whole.',
  choice: 'Every answer is one of these lines.',
};
const EDITORS: Record<keyof typeof EDITED, string> = {
  json_schema: 'JSON Schema',
  regex: 'Regular expression',
  choice: 'Answers, one a line',
};

/** What form answers are to have in the place that is open, with an editor that says what is wrong. */
export function AnswerFormRows(props: { form: AnswerForm }) {
  const { engine } = useApp();
  const selectId = createUniqueId();
  const editorId = createUniqueId();
  const statusId = createUniqueId();
  const editor = () => EDITORS[props.form.kind() as keyof typeof EDITED] as string | undefined;
  // a checked form that is fine has a sentence too, so that the last one does not stay
  const checked = createAnswer(
    () => (editor() ? props.form.format() : undefined),
    async (format) => ({ problem: await engine.client.prompts.checkFormat(format) }),
  );
  const problem = () => props.form.problem() ?? checked.value()?.problem ?? checked.error()?.message;
  const status = () => problem() ?? (checked.value() && !checked.pending() ? 'This can be held to.' : '');
  return (
    <section class="setting-group" aria-label="Form of the answer">
      <h3>Form of the answer</h3>
      <label class="visually-hidden" for={selectId}>
        Form
      </label>
      <select
        id={selectId}
        value={props.form.kind()}
        onChange={(event) => props.form.choose(event.currentTarget.value as FormKind)}
      >
        <For each={FORM_KINDS}>
          {({ kind, name }) => (
            <option value={kind} selected={props.form.kind() === kind}>
              {name}
            </option>
          )}
        </For>
      </select>
      <p class="hint">{HINTS[props.form.kind()]}</p>
      <Show when={editor()}>
        {(label) => (
          <>
            <label class="form-label" for={editorId}>
              {label()}
            </label>
            <textarea
              id={editorId}
              class="form-editor"
              rows={props.form.kind() === 'json_schema' ? 10 : 4}
              spellcheck={false}
              aria-describedby={statusId}
              aria-invalid={problem() !== undefined}
              value={props.form.text()}
              onInput={(event) => props.form.write(event.currentTarget.value)}
            />
            <p id={statusId} class="hint" classList={{ danger: problem() !== undefined }} role="status">
              {status()}
            </p>
          </>
        )}
      </Show>
    </section>
  );
}
