// Short sentences at the edge of the page, with at most one thing to do about each.
import { type Accessor, createSignal } from 'solid-js';

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface Notices {
  readonly list: Accessor<readonly Notice[]>;
  /** Shows a sentence until it is dismissed, acted on, or its time is over (0: never). @returns its id */
  show(text: string, action?: Notice['action'], milliseconds?: number): number;
  dismiss(id: number): void;
  /** Lets one stay for as long as somebody looks at it. */
  hold(id: number): void;
  /** Its time begins anew. */
  release(id: number): void;
}

export function createNotices(): Notices {
  const [list, setList] = createSignal<readonly Notice[]>([]);
  let next = 0;
  /** Milliseconds that a notice has, and the clock that ends it. */
  const times = new Map<number, number>();
  const clocks = new Map<number, ReturnType<typeof setTimeout>>();
  const hold = (id: number) => {
    clearTimeout(clocks.get(id));
    clocks.delete(id);
  };
  const dismiss = (id: number) => {
    hold(id);
    times.delete(id);
    setList((notices) => notices.filter((notice) => notice.id !== id));
  };
  const release = (id: number) => {
    hold(id);
    const time = times.get(id);
    if (time !== undefined)
      clocks.set(
        id,
        setTimeout(() => dismiss(id), time),
      );
  };
  return {
    list,
    dismiss,
    hold,
    release,
    show(text, action, milliseconds = 8000) {
      const id = next++;
      setList((notices) => [
        ...notices.filter((notice) => notice.text !== text),
        { id, text, ...(action && { action }) },
      ]);
      if (milliseconds > 0) times.set(id, milliseconds);
      release(id);
      return id;
    },
  };
}
