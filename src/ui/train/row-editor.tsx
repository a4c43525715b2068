import { createEffect, createUniqueId, For, Match, Show, Switch } from 'solid-js';
import type { Example } from '../../worker/training-api';
import { fitHeight } from '../shared/fit-height';
import { IconButton } from '../shared/icon-button';
import { formatNumber } from '../shared/format';
import { useTraining } from './context';
import { TokenPreview } from './token-preview';
import { UnreadRow } from './unread-row';

/** The shown row: its words to be edited, and what the model reads of them. */
export function RowEditor() {
  const { rows } = useTraining().datasets;
  const row = () => (rows.selected() < 0 ? undefined : rows.row(rows.selected()));
  return (
    <div class="row-editor">
      <Show when={row()} fallback={<p class="hint">Choose a row to edit it.</p>}>
        {(shown) => (
          <>
            <h3>Row {formatNumber(rows.selected() + 1)}</h3>
            <Fields row={shown()} onChange={(changed) => rows.change(rows.selected(), changed)} />
            <Show when={shown().kind !== 'unread'}>
              <Faults />
              <TokenPreview />
            </Show>
          </>
        )}
      </Show>
    </div>
  );
}

type Of<K extends Example['kind']> = Extract<Example, { kind: K }>;

function Fields(props: { row: Example; onChange: (row: Example) => void }) {
  const as = <K extends Example['kind']>(kind: K) => (props.row.kind === kind ? (props.row as Of<K>) : undefined);
  return (
    <Switch>
      <Match when={as('instruct')}>
        {(row) => (
          <>
            <Words
              label="What is asked"
              value={row().instruction}
              onChange={(instruction) => props.onChange({ ...row(), instruction })}
            />
            <Words
              label="Text to work on"
              placeholder="may stay empty"
              value={row().input}
              onChange={(input) => props.onChange({ ...row(), input })}
            />
            <Words
              label="The answer to learn"
              value={row().output}
              onChange={(output) => props.onChange({ ...row(), output })}
            />
          </>
        )}
      </Match>
      <Match when={as('messages')}>
        {(row) => (
          <Messages messages={row().messages} onChange={(messages) => props.onChange({ ...row(), messages })} />
        )}
      </Match>
      <Match when={as('completion')}>
        {(row) => (
          <>
            <Words label="Prompt" value={row().prompt} onChange={(prompt) => props.onChange({ ...row(), prompt })} />
            <Words
              label="Completion to learn"
              value={row().completion}
              onChange={(completion) => props.onChange({ ...row(), completion })}
            />
          </>
        )}
      </Match>
      <Match when={as('text')}>
        {(row) => (
          <Words label="Text to learn" value={row().text} onChange={(text) => props.onChange({ ...row(), text })} />
        )}
      </Match>
      <Match when={as('tokens')}>
        <p class="hint">This row is made of tokens, which are taken as they are.</p>
      </Match>
      <Match when={as('unread')}>{(row) => <UnreadRow row={row()} />}</Match>
    </Switch>
  );
}

function Words(props: { label: string; value: string; placeholder?: string; onChange: (text: string) => void }) {
  const id = createUniqueId();
  let box!: HTMLTextAreaElement;
  createEffect(() => {
    if (box.value !== props.value) box.value = props.value;
    fitHeight(box);
  });
  return (
    <div class="labelled">
      <label for={id}>{props.label}</label>
      <textarea
        ref={box}
        id={id}
        class="field"
        rows="1"
        placeholder={props.placeholder}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </div>
  );
}

type Message = Of<'messages'>['messages'][number];
const roles: readonly Message['role'][] = ['system', 'user', 'assistant'];
const roleNames: Readonly<Record<string, string>> = { system: 'System', user: 'Person', assistant: 'Model' };

function Messages(props: { messages: readonly Message[]; onChange: (messages: readonly Message[]) => void }) {
  const change = (at: number, values: Partial<Message>) =>
    props.onChange(props.messages.map((message, i) => (i === at ? { ...message, ...values } : message)));
  const next = () => (props.messages.at(-1)?.role === 'user' ? 'assistant' : 'user');
  return (
    <div class="messages">
      <For each={props.messages.map((_, i) => i)}>
        {(at) => (
          <Show when={props.messages[at]}>
            {(message) => (
              <div class="dataset-message">
                <select
                  aria-label={`Who says message ${at + 1}`}
                  value={message().role}
                  onChange={(event) => change(at, { role: event.currentTarget.value as Message['role'] })}
                >
                  <For each={roles}>
                    {(role) => (
                      <option value={role} selected={role === message().role}>
                        {roleNames[role]}
                      </option>
                    )}
                  </For>
                </select>
                <div>
                  <Words
                    label={`Message ${at + 1}`}
                    value={message().content}
                    onChange={(content) => change(at, { content })}
                  />
                  <Show when={message().learn === false}>
                    <p class="hint">read, not learnt: the file says so</p>
                  </Show>
                </div>
                <IconButton
                  icon="trash"
                  label={`Delete message ${at + 1}`}
                  disabled={props.messages.length < 2}
                  onClick={() => props.onChange(props.messages.filter((_, i) => i !== at))}
                />
              </div>
            )}
          </Show>
        )}
      </For>
      <button
        type="button"
        class="button quiet"
        onClick={() => props.onChange([...props.messages, { role: next(), content: '' }])}
      >
        Add a message
      </button>
    </div>
  );
}

/** What the check found about this row. */
function Faults() {
  const { datasets, form } = useTraining();
  const faults = () => form.report.value()?.problems.filter(({ row }) => row === datasets.rows.selected()) ?? [];
  return (
    <For each={faults()}>
      {({ message }) => (
        <p class="fault-words" role="note">
          {message}
        </p>
      )}
    </For>
  );
}
