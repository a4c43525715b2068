// Rows as the model reads them, token for token what the seeds' training scripts made of them (finetune.py of
// alpaca-lora, train.py of stanford_alpaca, OpenAlpaca's datasets of May and June 2023).
//
// - A text and its answer are encoded together. BOS stands in front once, where the tokenizer adds one; more than
//   `cutoff_len` tokens, BOS and EOS counted, are cut off at the end. So EOS is there where all of the answer is, and only
//   there: a row that was cut off must not teach that its middle is an end.
// - That is so whatever `add_eos_token` says. In alpaca-lora the full example takes EOS by a default argument; the option
//   reaches only the prompt that is counted for the mask, and the script takes its EOS off again.
// - Without `train_on_inputs` as many tokens are masked as the prompt alone has, BOS included.
// - Special tokens that are spelled in a row stay text, which the scripts' tokenizers do not heed.
import { PronkError } from '../core/errors';
import { fillTemplate, type PromptTemplate, promptTemplates } from '../tokenizer/prompt-templates';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { withBos } from '../tokenizer/with-bos';
import { tokenizeChat } from './tokenize-chat';
import { type Example, IGNORED, type TokenizedRow } from './types';

/** Named as in alpaca-lora's finetune.py. */
export interface TokenizeConfig {
  readonly cutoff_len: number;
  readonly train_on_inputs: boolean;
  readonly prompt_template_name: string;
  /** The template of that name, where it is a person's own. */
  readonly template?: PromptTemplate | undefined;
}

/** Ids and labels beside each other, before the cutoff. */
interface Labelled {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
  /** Ids that are not learnt even where all of a row is. */
  readonly kept?: ReadonlySet<number> | undefined;
}

/**
 * One row, cut at the cutoff.
 * @param row its index in the dataset
 * @throws PronkError `unknown-template`; `bad-dataset` for an id that the model has not; `bad-chat-template`
 */
export function tokenizeExample(
  example: Example,
  row: number,
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): TokenizedRow {
  return cutRow(tokenizeWhole(example, tokenizer, config), example, row, config);
}

/** A row's tokens, and how many it had before it was cut, EOS included. */
export function tokenizeCounted(
  example: Example,
  row: number,
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): { readonly tokenized: TokenizedRow; readonly length: number } {
  const whole = tokenizeWhole(example, tokenizer, config);
  return { tokenized: cutRow(whole, example, row, config), length: whole.ids.length };
}

/** The instruct template of a name. @throws PronkError `unknown-template` */
export function templateNamed(name: string): PromptTemplate {
  const template = promptTemplates.find((each) => each.name === name);
  if (template) return template;
  const names = promptTemplates.map((each) => each.name).join(', ');
  throw new PronkError('unknown-template', `There is no prompt template ${name}. There are ${names}.`);
}

/** The instruct template of a config: its own, or Pronk's of that name. @throws PronkError `unknown-template` */
export function templateOf({
  prompt_template_name: name,
  template,
}: Pick<TokenizeConfig, 'prompt_template_name' | 'template'>): PromptTemplate {
  return template?.name === name ? template : templateNamed(name);
}

/** The id that ends a text; undefined for a tokenizer without one. */
export function endOfText({ specialTokens, eosIds, encodePieces }: Tokenizer): number | undefined {
  const { eos_token: spelling = '' } = specialTokens;
  const spelled = spelling === '' ? [] : encodePieces([{ text: spelling, trusted: true }]);
  return spelled.length === 1 ? spelled[0] : eosIds[0];
}

function cutRow({ ids, labels, kept }: Labelled, example: Example, row: number, config: TokenizeConfig): TokenizedRow {
  const { cutoff_len: cutoff, train_on_inputs: onInputs } = config;
  const truncated = ids.length > cutoff;
  // OpenAlpaca's script of May 2023 kept the end of what is too long, its answer, where all others keep the beginning
  const from = truncated && keepsEnd(example, config) ? ids.length - cutoff : 0;
  const cut = (list: readonly number[]) => list.slice(from, from + cutoff);
  const all = kept && kept.size > 0 ? ids.map((id, i) => (kept.has(i) ? IGNORED : id)) : ids;
  return { row, ids: cut(ids), labels: cut(onInputs && example.kind !== 'tokens' ? all : labels), truncated };
}

function keepsEnd(example: Example, config: TokenizeConfig): boolean {
  return example.kind === 'instruct' && templateOf(config).separator === 'eos-bos';
}

/** A row before the cutoff, with labels where an answer is. */
function tokenizeWhole(example: Example, tokenizer: Tokenizer, config: TokenizeConfig): Labelled {
  switch (example.kind) {
    case 'instruct': {
      const template = templateOf(config);
      const prompt = fillTemplate(template, example.instruction, example.input);
      if (template.separator) return separated(prompt, example.output, tokenizer, template.separator);
      return answered(prompt, example.output, tokenizer);
    }
    case 'completion':
      return answered(example.prompt, example.completion, tokenizer);
    case 'text':
      return answered('', example.text, tokenizer);
    case 'messages':
      return tokenizeChat(example.messages, tokenizer);
    case 'tokens':
      return checkedIds(example, tokenizer);
    case 'unread':
      return { ids: [], labels: [] };
  }
}

/** Prompt, answer and EOS as one text, masked by the prompt's count; all of it is an answer where there is no prompt. */
function answered(prompt: string, answer: string, tokenizer: Tokenizer): Labelled {
  const ids = withBos(tokenizer, tokenizer.encode(prompt + answer));
  const counted = prompt === '' ? 0 : withBos(tokenizer, tokenizer.encode(prompt)).length;
  const masked = Math.min(ids.length, counted);
  const eos = endOfText(tokenizer);
  const ended = eos === undefined || ids.at(-1) === eos ? ids : [...ids, eos];
  return { ids: ended, labels: [...Array<number>(masked).fill(IGNORED), ...ended.slice(masked)] };
}

/**
 * OpenAlpaca's layouts, prompt and answer encoded each by itself: BOS prompt EOS BOS answer EOS, whose middle is in the loss,
 * and since June 2023 BOS prompt answer EOS.
 */
function separated(prompt: string, answer: string, tokenizer: Tokenizer, separator: 'eos-bos' | 'apart'): Labelled {
  const bos = tokenizer.bosId === undefined ? [] : [tokenizer.bosId];
  const eos = endOfText(tokenizer);
  const end = eos === undefined ? [] : [eos];
  const source = tokenizer.encode(prompt);
  const target = [...(separator === 'eos-bos' ? [...end, ...bos] : []), ...tokenizer.encode(answer), ...end];
  const masked = Array<number>(source.length).fill(IGNORED);
  return { ids: [...bos, ...source, ...target], labels: [...bos, ...masked, ...target] };
}

function checkedIds({ ids, labels }: Labelled, { vocabSize }: Tokenizer): Labelled {
  const foreign = [...ids, ...labels].find((id) => id >= vocabSize);
  if (foreign === undefined) return { ids, labels };
  const message = `It has the token ${foreign}, and the model's vocabulary ends at ${vocabSize - 1}. Make the tokens with this model's tokenizer.`;
  throw new PronkError('bad-dataset', message);
}
