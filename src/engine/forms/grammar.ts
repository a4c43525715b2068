// Which ids may come next in an answer of a form: a grammar over the tokenizer's vocabulary, by xgrammar (Dong et al. 2024,
// arXiv:2411.15100). Its 0.4 MB are loaded when a form is first asked for.
import type { CompiledGrammar, GrammarCompiler } from '@mlc-ai/web-xgrammar';
import { PronkError } from '../../core/errors';
import { byteLevelText } from '../../formats/tokenizer/byte-level';
import type { Guide } from '../../model/inference/sample-options';
import type { NextIds } from '../../model/inference/sampler';
import type { Tokenizer } from '../../tokenizer/tokenizer';

type XGrammar = typeof import('@mlc-ai/web-xgrammar');

/** Grammars that are kept compiled. */
const KEPT = 8;

/** An instance for one vocabulary. */
interface Compiler {
  readonly xgrammar: XGrammar;
  readonly compiler: GrammarCompiler;
  readonly compiled: Map<string, CompiledGrammar>;
  /** What it said since it was asked last. */
  readonly said: string[];
}

/** Grammars over one model's vocabulary. */
export class Grammars {
  readonly #tokenizer: Tokenizer;
  readonly #vocabulary: number;
  #compiler: Promise<Compiler> | undefined;

  /** @param vocabulary rows of the model's head, which may be more than the tokenizer has ids */
  constructor(tokenizer: Tokenizer, vocabulary: number) {
    this.#tokenizer = tokenizer;
    this.#vocabulary = vocabulary;
  }

  /**
   * What holds an answer to a grammar.
   * @param grammar in EBNF; its texts are whole answers
   * @throws PronkError `bad-form` where it cannot be compiled
   */
  async guide(grammar: string): Promise<Guide> {
    const { xgrammar, compiler, compiled, said } = await (this.#compiler ??= this.#create());
    try {
      const known = compiled.get(grammar) ?? (await compiler.compileGrammar(grammar));
      compiled.delete(grammar);
      compiled.set(grammar, known);
      for (const [oldest, each] of [...compiled].slice(0, -KEPT)) {
        each.dispose();
        compiled.delete(oldest);
      }
      return new GrammarGuide(await xgrammar.GrammarMatcher.createGrammarMatcher(known), this.#vocabulary);
    } catch (cause) {
      // an instance that has given up is not asked again
      this.#compiler = undefined;
      const reason =
        said
          .splice(0)
          .join(' ')
          .replace(/^.*?\.cc:\d+: /s, '')
          .trim() || String(cause);
      throw new PronkError('bad-form', `This form cannot be held to: ${reason.replace(/\.?$/, '.')}`, { cause });
    }
  }

  async #create(): Promise<Compiler> {
    const { default: instance } = await import('@mlc-ai/web-xgrammar/instance');
    const said: string[] = [];
    const say = (...words: unknown[]) => void said.push(words.join(' '));
    const xgrammar = instance({ log: say, warn: say, error: say });
    const { eosIds, vocabSize } = this.#tokenizer;
    const count = Math.min(vocabSize, this.#vocabulary);
    // ids without text are special to it, and come in no form
    const vocabulary = Array.from({ length: count }, (_, id) =>
      this.#tokenizer.spelling(id) === undefined ? byteLevelText(this.#tokenizer.bytes(id)) : '',
    );
    const info = await xgrammar.TokenizerInfo.createTokenizerInfo(vocabulary, 'byte_level', false, this.#vocabulary, [
      ...eosIds,
    ]);
    const compiler = await xgrammar.GrammarCompiler.createGrammarCompiler(info, false);
    return { xgrammar, compiler, compiled: new Map(), said };
  }
}

const byTokenizer = new WeakMap<Tokenizer, Grammars>();

/** A model's grammars, as long as its tokenizer is in use. */
export function grammarsOf(tokenizer: Tokenizer, vocabulary: number): Grammars {
  const known = byTokenizer.get(tokenizer) ?? new Grammars(tokenizer, vocabulary);
  byTokenizer.set(tokenizer, known);
  return known;
}

type Matcher = Awaited<ReturnType<XGrammar['GrammarMatcher']['createGrammarMatcher']>>;

class GrammarGuide implements Guide {
  readonly #matcher: Matcher;
  readonly #vocabulary: number;
  isOver = false;

  constructor(matcher: Matcher, vocabulary: number) {
    this.#matcher = matcher;
    this.#vocabulary = vocabulary;
  }

  async next(): Promise<NextIds | undefined> {
    if (this.#matcher.isTerminated()) return this.#over();
    const mask = await this.#matcher.getNextTokenBitmask();
    const allowed = Uint32Array.from(mask.subarray(0, Math.ceil(this.#vocabulary / 32)));
    // bits beyond the last id are set too
    const rest = this.#vocabulary % 32;
    if (rest > 0) allowed[allowed.length - 1] &= 2 ** rest - 1;
    return allowed.some((word) => word !== 0) ? { allowed } : this.#over();
  }

  accept(id: number): void {
    if (this.#matcher.acceptToken(id)) return;
    throw new PronkError('bad-form', 'The beginning of the answer does not have the form that is asked for.');
  }

  #over(): undefined {
    this.isOver = true;
  }

  end(): void {
    this.#matcher.dispose();
  }
}
