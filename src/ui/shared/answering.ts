// Answers while they are written: a turn's own words, and the base model's beside them, asked for and changed alike.
import { unwrap } from 'solid-js/store';
import type { AdapterUse, GenerationTiming, Prompt, SamplingOptions } from '../../worker/contract';
import type { BaseAnswer, Turn } from './conversation';
import type { EngineState } from './engine-state';

type Words = Pick<Turn, 'content' | 'state' | 'error' | 'timing' | 'tokens' | 'model'>;

/** One of the answers in a turn. */
export interface Part {
  /** Names its generation. */
  readonly name: string;
  read(): Words | undefined;
  put(values: (words: Words) => Partial<Words>): void;
  /** It is being written, again if it was before. */
  begin(): void;
  end(values: Partial<Words>): void;
}

export interface Ask {
  readonly prompt: Prompt;
  readonly sampling: SamplingOptions;
  readonly adapters?: readonly AdapterUse[];
  /** The words that are there stay, and are gone on with. */
  readonly goesOn?: boolean;
}

export interface Turns {
  turn(conversation: string, id: string): Turn | undefined;
  changeTurn(conversation: string, id: string, values: (turn: Turn) => Partial<Turn>): void;
  /** Tokens a second of a generation; undefined once it has ended. */
  setRate(name: string, rate: number | undefined): void;
}

/** Names the base model's generation beside a turn's own. */
export const baseOf = (turnId: string) => `${turnId} base`;

/** What an answer took that was gone on with; the person waited for the first take's first word. */
export function joinTimings(before: GenerationTiming | undefined, after: GenerationTiming): GenerationTiming {
  const { firstTokenMs, completionTokens } = before ?? after;
  return { ...after, firstTokenMs, completionTokens: Math.max(completionTokens, after.completionTokens) };
}

/** A base answer has no model's name of its own. */
function withoutModel(words: Partial<Words>): Partial<BaseAnswer> {
  const { model: _, state, ...values } = words;
  return { ...values, ...(state && { state }) };
}

export function createAnswering(engine: EngineState, { turn, changeTurn, setRate }: Turns) {
  const part = (name: string, read: Part['read'], put: Part['put']): Part => ({
    name,
    read,
    put,
    begin() {
      setRate(name, 0);
      put(() => ({ state: 'streaming', error: undefined }));
    },
    end(values) {
      setRate(name, undefined);
      put(() => values);
    },
  });

  return {
    partsOf(id: string, turnId: string): { readonly own: Part; readonly base: Part } {
      const base: Part['put'] = (values) =>
        changeTurn(id, turnId, (all) => (all.base ? { base: { ...all.base, ...withoutModel(values(all.base)) } } : {}));
      return {
        own: part(
          turnId,
          () => turn(id, turnId),
          (values) => changeTurn(id, turnId, values),
        ),
        base: part(baseOf(turnId), () => turn(id, turnId)?.base, base),
      };
    },

    ask(to: Part, { prompt, sampling, adapters, goesOn = false }: Ask): void {
      const before = goesOn ? unwrap(to.read()) : undefined;
      let first = true;
      let modelId = '';
      engine.generate({
        id: to.name,
        prompt,
        sampling,
        stop: [],
        ...(adapters && { adapters }),
        ...(before && { begun: ({ id }) => (before.tokens?.model === id ? before.tokens.ids : before.content) }),
        onModel({ id, name }) {
          modelId = id;
          to.put(() => ({ model: name }));
        },
        onText(text, rate, ids) {
          setRate(to.name, rate);
          const whole = first;
          first = false;
          to.put(({ content, tokens }) => ({
            content: whole ? text : content + text,
            tokens: { model: modelId, ids: whole || !tokens ? ids : [...tokens.ids, ...ids] },
          }));
        },
        onDone: (state, timing) => to.end({ state, ...(timing && { timing: joinTimings(before?.timing, timing) }) }),
        onFailed: (error) => to.end({ state: 'failed', error }),
      });
    },
  };
}
