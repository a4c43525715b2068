// DRY ("don't repeat yourself"), as llama.cpp defines it: an id that would make a repeat of n tokens one token longer loses
// multiplier · base^(n − allowedLength), where n is at least allowedLength.
import type { NextIds } from '../../model/inference/sampler';
import type { Guide } from '../../model/inference/sample-options';
import type { Tokenizer } from '../../tokenizer/tokenizer';

/** Names and defaults as in llama.cpp. */
export interface Dry {
  /** 0 is off; 0.8 is usual. */
  readonly multiplier: number;
  /** 1.75 where it is not given. */
  readonly base?: number | undefined;
  /** Shorter repeats cost nothing; 2 where it is not given. */
  readonly allowedLength?: number | undefined;
  /** No repeat goes across a token that has one of these texts in it, and such a token may always come. */
  readonly breakers?: readonly string[] | undefined;
}

const BREAKERS = ['\n', ':', '"', '*'];
/** No logit is that large. */
const MOST = 1e6;

/**
 * What is taken off the logit of each id that would go on with a repeat.
 * @param breaks whether no repeat goes across an id
 */
export function dryPenalties(
  ids: readonly number[],
  { multiplier, base = 1.75, allowedLength = 2 }: Dry,
  breaks: (id: number) => boolean,
): Map<number, number> {
  const last = ids.length - 1;
  let free = 0;
  while (free <= last && !breaks(ids[last - free])) free++;
  const longest = new Map<number, number>();
  for (let end = last - 1; end >= 0 && free >= allowedLength; end--) {
    let length = 0;
    while (length < free && length <= end && ids[end - length] === ids[last - length]) length++;
    const next = ids[end + 1];
    if (length >= Math.max(1, allowedLength) && !breaks(next))
      longest.set(next, Math.max(length, longest.get(next) ?? 0));
  }
  const penalty = (length: number) => Math.min(MOST, multiplier * base ** (length - allowedLength));
  return new Map(Array.from(longest, ([id, length]) => [id, penalty(length)]));
}

/** A guide that penalises repeats, beside another that holds a form. */
export class DryGuide implements Guide {
  readonly #ids: number[];
  readonly #dry: Dry;
  readonly #form: Guide | undefined;
  readonly #breaks: (id: number) => boolean;

  /** @param ids of the prompt */
  constructor(tokenizer: Tokenizer, ids: readonly number[], dry: Dry, form: Guide | undefined) {
    this.#ids = [...ids];
    this.#dry = dry;
    this.#form = form;
    const { breakers = BREAKERS } = dry;
    const known = new Map<number, boolean>();
    const decoder = new TextDecoder();
    this.#breaks = (id) => {
      const found = known.get(id) ?? breakers.some((text) => decoder.decode(tokenizer.bytes(id)).includes(text));
      known.set(id, found);
      return found;
    };
  }

  get isOver(): boolean {
    return this.#form?.isOver ?? false;
  }

  async next(): Promise<NextIds | undefined> {
    const held = this.#form ? await this.#form.next() : {};
    if (!held) return undefined;
    const penalties = dryPenalties(this.#ids, this.#dry, this.#breaks);
    return { ...held, biases: new Map(Array.from(penalties, ([id, penalty]) => [id, -penalty])) };
  }

  accept(id: number): void {
    this.#ids.push(id);
    this.#form?.accept(id);
  }

  end(): void {
    this.#form?.end();
  }
}
