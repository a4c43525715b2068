import { For } from 'solid-js';
import { onEscape } from '../shared/on-escape';
import { useApp } from '../context';
import { StyleChips } from './style-chips';
import { TemplateEditor } from './template-editor';

/** What is asked, and through which template. */
export function InstructForm() {
  const { instruct, engine } = useApp();
  const { templates } = instruct;
  onEscape(() => instruct.running() && instruct.stop());
  const ready = () => instruct.instruction().trim() !== '' && templates.chosen() !== undefined && !engine.blocked();
  return (
    <form
      class="instruct-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (instruct.running()) instruct.stop();
        else instruct.generate();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) instruct.generate();
      }}
    >
      <label>
        <span>Instruction</span>
        <textarea
          class="field"
          dir="auto"
          rows="3"
          placeholder="Tell me about alpacas."
          value={instruct.instruction()}
          onInput={(event) => instruct.setInstruction(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Input</span>
        <textarea
          class="field"
          dir="auto"
          rows="3"
          placeholder="Optional: text that the instruction refers to"
          value={instruct.input()}
          onInput={(event) => instruct.setInput(event.currentTarget.value)}
        />
      </label>
      <div class="row">
        <label class="row-label">
          <span>Template</span>
          <select value={templates.chosen()?.name} onChange={(event) => templates.choose(event.currentTarget.value)}>
            <For each={templates.all()}>
              {({ name }) => (
                <option value={name} selected={name === templates.chosen()?.name}>
                  {name}
                </option>
              )}
            </For>
          </select>
        </label>
        <TemplateEditor />
        <span class="spring" />
        <button type="submit" class="button primary" disabled={!instruct.running() && !ready()}>
          {instruct.running() ? 'Stop' : 'Generate'}
        </button>
      </div>
      <StyleChips />
      <p class="hint">{templates.chosen()?.description}</p>
      <details class="preview" open>
        <summary>The exact prompt</summary>
        <pre tabindex="0">{instruct.preview() ?? 'Shown once a model is loaded.'}</pre>
      </details>
    </form>
  );
}
