// Thoughts in an answer: told apart from the answer as it streams, counted, and closed where their budget is used up.
import type { ThoughtMarks } from '../../tokenizer/thinking';
import { overlap } from './stop';

/** What of a piece of text is thought, and what is answer. */
export interface Parted {
  readonly reasoning: string;
  readonly text: string;
}

const NOTHING: Parted = { reasoning: '', text: '' };
const LEADING = /^\s+/;
const TRAILING = /\s+$/;

/** Parts a stream of text into a thought and what is said after it. White space around a thought belongs to neither. */
export class ThoughtParts {
  readonly #marks: ThoughtMarks;
  #state: 'start' | 'thought' | 'thinking' | 'after' | 'answer';
  #held = '';

  /** @param isOpen the prompt has opened the thought, so that the text begins within it */
  constructor(marks: ThoughtMarks, isOpen: boolean) {
    this.#marks = marks;
    this.#state = isOpen ? 'thought' : 'start';
  }

  /** What comes next belongs to a thought. */
  get isThinking(): boolean {
    return this.#state === 'thought' || this.#state === 'thinking';
  }

  /** Takes text; gives what is certain of it. */
  push(text: string): Parted {
    const all = this.#held + text;
    this.#held = '';
    switch (this.#state) {
      case 'start':
        return this.#begin(all);
      case 'thought':
      case 'thinking':
        return this.#think(all);
      case 'after': {
        const rest = all.replace(LEADING, '');
        if (rest !== '') this.#state = 'answer';
        return { reasoning: '', text: rest };
      }
      case 'answer':
        return { reasoning: '', text: all };
    }
  }

  /** The end of the stream: what was held back is what it was. */
  flush(): Parted {
    const rest = this.#held;
    this.#held = '';
    if (this.#state === 'start') return { reasoning: '', text: rest };
    return this.isThinking ? { reasoning: rest.replace(TRAILING, ''), text: '' } : NOTHING;
  }

  #begin(all: string): Parted {
    const { open } = this.#marks;
    const said = all.replace(LEADING, '');
    if (said.startsWith(open)) {
      this.#state = 'thought';
      return this.#think(said.slice(open.length));
    }
    if (open.startsWith(said)) {
      this.#held = all;
      return NOTHING;
    }
    this.#state = 'answer';
    return { reasoning: '', text: all };
  }

  #think(all: string): Parted {
    const { close } = this.#marks;
    const text = this.#state === 'thought' ? all.replace(LEADING, '') : all;
    const end = text.indexOf(close);
    if (end >= 0) {
      this.#state = 'after';
      const { text: answer } = this.push(text.slice(end + close.length));
      return { reasoning: text.slice(0, end).replace(TRAILING, ''), text: answer };
    }
    const kept = text.slice(0, text.length - overlap(text, close)).replace(TRAILING, '');
    this.#held = text.slice(kept.length);
    if (kept !== '') this.#state = 'thinking';
    return { reasoning: kept, text: '' };
  }
}
