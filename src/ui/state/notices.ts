// Short sentences at the edge of the page, with at most one thing to do about each.
import { type Accessor, createSignal } from 'solid-js';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface Notices {
  readonly list: Accessor<readonly Notice[]>;
  /** Shows a sentence until it is dismissed, acted on, or its time is over (0: never). @returns its id */
  show(text: string, action?: Notice['action'], milliseconds?: number): number;
  dismiss(id: number): void;
}

export function createNotices(): Notices {
  const [list, setList] = createSignal<readonly Notice[]>([]);
  let next = 0;
  const dismiss = (id: number) => setList((notices) => notices.filter((notice) => notice.id !== id));
  return {
    list,
    dismiss,
    show(text, action, milliseconds = 8000) {
      const id = next++;
      setList((notices) => [
        ...notices.filter((notice) => notice.text !== text),
        { id, text, ...(action && { action }) },
      ]);
      if (milliseconds > 0) setTimeout(() => dismiss(id), milliseconds);
      return id;
    },
  };
}
