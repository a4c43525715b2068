// What a template may spend: steps, characters and time. Templates come with models, and a model may be anybody's.

import { PronkError } from '../../core/errors';

/** Steps that a rendering may take: a tool-using template needs some 200 a message. */
const STEPS = 10_000_000;
/** Characters of one string, beyond four times those of the conversation. */
const LENGTH = 1 << 24;
const MILLISECONDS = 5000;

/** Time for rendering: of one text, or of all that a prompt takes. What is done in between does not count. */
export class Allowance {
  #left = MILLISECONDS;

  /** Does one rendering, which is told when it has to be done. */
  within<T>(render: (deadline: number) => T): T {
    const begun = performance.now();
    try {
      return render(begun + this.#left);
    } finally {
      this.#left -= performance.now() - begun;
    }
  }
}

/** Calls and nested lists; beyond that JavaScript's own stack comes near. */
const DEPTH = 150;

export class Budget {
  readonly #deadline: number;
  readonly #length: number;
  #steps = 0;
  #checked = 0;
  #depth = 0;

  /** @param given characters of the conversation @param deadline in the time of `performance.now()` */
  constructor(given: number, deadline: number) {
    this.#deadline = deadline;
    this.#length = LENGTH + 4 * given;
  }

  /** Counts work done, or about to be done. */
  spend(steps = 1): void {
    this.#steps += steps;
    if (this.#steps > STEPS) throw tooLong(`more than ${STEPS / 1e6} million steps`);
    if (this.#steps - this.#checked < 2000) return;
    this.#checked = this.#steps;
    if (performance.now() > this.#deadline) throw tooLong(`more than ${MILLISECONDS / 1000} seconds`);
  }

  /** Counts a text, or a list, that is about to be made. */
  make(length: number): void {
    this.check(length);
    this.spend(1 + Math.ceil(length / 64));
  }

  /** Bounds a text, or a list. */
  check(length: number): void {
    if (!(length <= this.#length))
      throw tooLong(`texts of more than ${Math.round(this.#length / 1e6)} million characters`);
  }

  nested<T>(action: () => T): T {
    if (this.#depth >= DEPTH) throw tooLong(`more than ${DEPTH} calls inside each other`);
    this.#depth++;
    try {
      return action();
    } finally {
      this.#depth--;
    }
  }
}

export function tooLong(what: string): PronkError {
  const message = `The model’s chat template takes too long: ${what}. It was stopped, nothing is lost. Use Instruct, which needs no template, or another model.`;
  return new PronkError('template-too-long', message);
}
