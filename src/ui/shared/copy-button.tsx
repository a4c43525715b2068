import { createSignal } from 'solid-js';
import { useApp } from '../context';
import { IconButton } from './icon-button';

/** Copies a text, and says for a moment that it did. */
export function CopyButton(props: { label: string; text: () => string }) {
  const { notices } = useApp();
  const [done, setDone] = createSignal(false);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(props.text());
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      notices.show('The browser did not allow copying. Select the text and copy it by hand.');
    }
  }
  return <IconButton icon={done() ? 'done' : 'copy'} label={props.label} onClick={() => void copy()} />;
}
