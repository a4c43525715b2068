import { createSignal } from 'solid-js';
import { Dialog } from '../shared/dialog';
import { useApp } from '../context';

/** What the model is told before the conversation. */
export function SystemPrompt() {
  const { chats } = useApp();
  const [open, setOpen] = createSignal(false);
  const set = () => chats.system().trim() !== '';
  return (
    <>
      <button
        type="button"
        class="button quiet small"
        aria-label={`System prompt${set() ? ', written' : ''}`}
        onClick={() => setOpen(true)}
      >
        System<span class="wide-only">prompt</span>
        {set() ? ' •' : ''}
      </button>
      <Dialog open={open()} title="System prompt" onClose={() => setOpen(false)}>
        <p class="hint">
          Sent to the model before the conversation, and saved with it. A system prompt that is written in a new chat is
          used for later chats too.
        </p>
        <textarea
          class="field"
          dir="auto"
          aria-label="System prompt"
          rows="6"
          placeholder="You are a helpful assistant."
          value={chats.system()}
          onInput={(event) => chats.setSystem(event.currentTarget.value)}
        />
      </Dialog>
    </>
  );
}
