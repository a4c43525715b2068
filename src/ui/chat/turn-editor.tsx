import { onMount } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { fitHeight } from '../shared/fit-height';

const words = {
  user: { label: 'Question in other words', done: 'Ask this instead' },
  assistant: { label: 'Answer in other words', done: 'Save this answer' },
};

/**
 * A question or an answer in other words; Escape leaves it as it was. Enter asks a question; an answer has many lines, so
 * that there it takes Ctrl or ⌘ with Enter.
 */
export function TurnEditor(props: {
  role: 'user' | 'assistant';
  text: string;
  onDone: (text: string) => void;
  onCancel: () => void;
}) {
  let box!: HTMLTextAreaElement;
  onMount(() => {
    // eslint-disable-next-line solid/reactivity -- what it was when the editor opened
    box.value = props.text;
    fitHeight(box);
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });
  const isDone = ({ key, shiftKey, ctrlKey, metaKey, isComposing }: KeyboardEvent) =>
    key === 'Enter' && !isComposing && (props.role === 'user' ? !shiftKey : ctrlKey || metaKey);
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      // it closes the editor alone
      event.preventDefault();
      props.onCancel();
    } else if (isDone(event)) {
      event.preventDefault();
      props.onDone(box.value);
    }
  };
  return (
    <div class="turn-editor">
      <textarea
        ref={box}
        aria-label={words[props.role].label}
        dir="auto"
        rows="1"
        onInput={() => fitHeight(box)}
        onKeyDown={key}
      />
      <div class="message-tools always">
        <IconButton icon="close" label="Cancel" onClick={() => props.onCancel()} />
        <IconButton icon="done" label={words[props.role].done} onClick={() => props.onDone(box.value)} />
      </div>
    </div>
  );
}
