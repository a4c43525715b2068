import { onMount } from 'solid-js';
import { IconButton } from '../components/icon-button';
import { fitHeight } from '../components/fit-height';

/** A question in other words: Enter asks it, Escape leaves it. */
export function QuestionEditor(props: { text: string; onDone: (text: string) => void; onCancel: () => void }) {
  let box!: HTMLTextAreaElement;
  onMount(() => {
    // eslint-disable-next-line solid/reactivity -- what it was when the editor opened
    box.value = props.text;
    fitHeight(box);
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') props.onCancel();
    else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      props.onDone(box.value);
    }
  };
  return (
    <div class="question-editor">
      <textarea
        ref={box}
        aria-label="Question in other words"
        dir="auto"
        rows="1"
        onInput={() => fitHeight(box)}
        onKeyDown={key}
      />
      <div class="message-tools always">
        <IconButton icon="close" label="Leave as it was" onClick={() => props.onCancel()} />
        <IconButton icon="done" label="Ask this instead" onClick={() => props.onDone(box.value)} />
      </div>
    </div>
  );
}
