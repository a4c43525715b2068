import { createEffect, createUniqueId, For, Match, Show, Switch } from 'solid-js';
import type { Example } from '../../worker/contract';
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
              label="Instruction"
              hint="the task or question"
              value={row().instruction}
              onChange={(instruction) => props.onChange({ ...row(), instruction })}
            />
            <Words
              label="Input"
              hint="optional: text that the instruction refers to"
              value={row().input}
              onChange={(input) => props.onChange({ ...row(), input })}
            />
            <Words
              label="Output"
              hint="the answer that the model learns"
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
              label="Completion"
              value={row().completion}
              onChange={(completion) => props.onChange({ ...row(), completion })}
            />
          </>
        )}
      </Match>
      <Match when={as('text')}>
        {(row) => <Words label="Text" value={row().text} onChange={(text) => props.onChange({ ...row(), text })} />}
      </Match>
      <Match when={as('tokens')}>
        <p class="hint">This row is made of token ids, which are used as they are.</p>
      </Match>
      <Match when={as('unread')}>{(row) => <UnreadRow row={row()} />}</Match>
    </Switch>
  );
}

/** A text of the row: its field’s name, a few words about it, and the box that grows with it. */
function Words(props: { label: string; hint?: string; value: string; onChange: (text: string) => void }) {
  const id = createUniqueId();
  const hintId = createUniqueId();
  let box!: HTMLTextAreaElement;
  createEffect(() => {
    if (box.value !== props.value) box.value = props.value;
    fitHeight(box);
  });
  return (
    <div class="labelled">
      <div class="label-row">
        <label for={id}>{props.label}</label>
        <Show when={props.hint}>
          <span id={hintId} class="hint">
            {props.hint}
          </span>
        </Show>
      </div>
      <textarea
        ref={box}
        id={id}
        class="field"
        rows="1"
        aria-describedby={props.hint && hintId}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </div>
  );
}

type Message = Of<'messages'>['messages'][number];
const roles: readonly Message['role'][] = ['system', 'user', 'assistant'];
const roleNames: Readonly<Record<string, string>> = { system: 'System', user: 'User', assistant: 'Assistant' };

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
                  aria-label={`Role of message ${at + 1}`}
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
                    <p class="hint">not in the loss: the file says so</p>
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
