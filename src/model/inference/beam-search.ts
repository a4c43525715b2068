// Beam search as transformers' generate does it without sampling: the likeliest continuations of all beams together go on, those
// that end compete by their logarithms over length^penalty.

/** How a text is searched for; names and defaults as in transformers. */
export interface BeamOptions {
  /** Texts that are gone on with at a time, 2 to 4. */
  readonly beams: number;
  /** Above 0, longer texts are preferred; 1 where it is not given. */
  readonly lengthPenalty?: number | undefined;
  /**
   * `true` ends with as many whole texts as there are beams; `false`, the default, where a better one is unlikely; `never`
   * only where none can be better.
   */
  readonly earlyStopping?: boolean | 'never' | undefined;
}

/** An id with the natural logarithm of its probability. */
export interface Candidate {
  readonly id: number;
  readonly logprob: number;
}

/** A beam goes on: which one of the last step's, and with which id. */
export interface Move {
  readonly parent: number;
  readonly id: number;
}

interface Search extends BeamOptions {
  /** Ids that end a text. */
  readonly ends: ReadonlySet<number>;
  readonly maxTokens: number;
}

/** The text that was found, its end included where it has one. */
export interface Searched {
  readonly ids: readonly number[];
  /** Its logarithms' sum over length^penalty. */
  readonly score: number;
}

interface Beam {
  readonly ids: readonly number[];
  /** Sum of logarithms. */
  readonly sum: number;
  readonly parent: number;
}

/** Candidates of a beam that a step may need. */
export const candidatesOf = (beams: number, ends: number) => Math.max(2, 1 + ends) * beams;

/**
 * @param first likeliest ids behind the prompt
 * @param expand makes the beams' next step; the likeliest ids behind each, or undefined where the search is given up
 */
export async function beamSearch(
  first: readonly Candidate[],
  expand: (moves: readonly Move[]) => Promise<readonly (readonly Candidate[])[] | undefined>,
  { beams, lengthPenalty = 1, earlyStopping = false, ends, maxTokens }: Search,
): Promise<Searched | undefined> {
  let running: readonly Beam[] = [{ ids: [], sum: 0, parent: 0 }];
  let whole: readonly Searched[] = [];
  let likeliest: readonly (readonly Candidate[])[] = [first];
  for (let length = 1; ; length++) {
    const all = running.flatMap(({ ids, sum }, parent) =>
      (likeliest[parent] ?? []).map(({ id, logprob }): Beam => ({ ids: [...ids, id], sum: sum + logprob, parent })),
    );
    const best = all.toSorted((a, b) => b.sum - a.sum).slice(0, candidatesOf(beams, ends.size));
    const isOver = ({ ids }: Beam) => length >= maxTokens || ends.has(ids.at(-1) ?? -1);
    const isFull = whole.length === beams && earlyStopping === true;
    const ended = isFull ? [] : best.slice(0, beams).filter(isOver);
    const scored = ended.map(({ ids, sum }) => ({ ids, score: sum / length ** lengthPenalty }));
    whole = [...whole, ...scored].toSorted((a, b) => b.score - a.score).slice(0, beams);
    running = best.filter((beam) => !isOver(beam)).slice(0, beams);
    const [leader] = running;
    if (leader === undefined || (whole.length === beams && earlyStopping === true)) return whole[0];
    const hoped = earlyStopping === 'never' && lengthPenalty > 0 ? maxTokens : length;
    const worst = whole.length === beams ? (whole.at(-1)?.score ?? -Infinity) : -Infinity;
    if (leader.sum / hoped ** lengthPenalty <= worst) return whole[0];
    const next = await expand(running.map(({ ids, parent }) => ({ parent, id: ids.at(-1) ?? 0 })));
    if (next === undefined) return whole[0];
    likeliest = next;
  }
}
