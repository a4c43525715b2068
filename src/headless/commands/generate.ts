// `generate`: from raw text, an instruction, or a chat.
import { defined } from '../../core/defined';
import type { Prompt } from '../../engine/generation/prompt';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { promptTemplates } from '../../tokenizer/prompt-templates';
import { choice, number, type Options, parseOptions, UsageError } from '../arguments';
import { loadModel } from '../engine';
import { readChat } from '../input/chat';
import { FORM_OPTIONS, readForm, shownLogprobs } from '../input/form';
import { FAST, LOAD_OPTIONS } from '../input/load-options';
import { sayNotes } from '../messages';
import type { Print } from '../print';

const OPTIONS = {
  ...LOAD_OPTIONS,
  precision: FAST,
  prompt: 'text',
  instruction: 'text',
  input: 'text',
  messages: 'text',
  template: 'text',
  'max-tokens': number({ min: 1, whole: true, default: 128 }),
  temperature: number({ min: 0, max: 100, default: 0 }),
  'top-k': number({ min: 0, whole: true, default: 0 }),
  'top-p': number({ min: 0, max: 1, default: 1 }),
  'min-p': number({ min: 0, max: 1, default: 0 }),
  'repetition-penalty': number({ min: 0.01, max: 100, default: 1 }),
  seed: number({ min: 0, whole: true, default: 0 }),
  thinking: choice(['on', 'off']),
  'thinking-budget': number({ min: 0, whole: true }),
  stop: 'list',
  ...FORM_OPTIONS,
} as const;

export async function generateCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, OPTIONS);
  const form = await readForm(options);
  const asked = await readPrompt(options);
  const { engine, id: model, hosted, adapters, loadMs } = await loadModel(options);
  const { tokenizer } = hosted;
  const prompt = withThinking(
    options.template === undefined ? inOwnTemplate(asked, tokenizer) : asked,
    options.thinking,
  );
  const own = options.template !== undefined || tokenizer.chatTemplate !== undefined;
  if (prompt.kind !== 'raw' && !own) {
    sayNotes(['The model has no chat template. Pronk uses Alpaca’s format, which the model may not know.']);
  }
  const maxTokens = options['max-tokens'];
  const sampling = {
    temperature: options.temperature,
    topK: options['top-k'],
    topP: options['top-p'],
    minP: options['min-p'],
    repetitionPenalty: options['repetition-penalty'],
    seed: options.seed,
  };
  const { stop = [] } = options;
  const thinkingBudget = options['thinking-budget'];
  const common = { model, prompt, adapters, sampling, maxTokens, thinkingBudget, stop, stopAtNextTurn: false };
  const request = { ...common, ...form };
  const tokens = engine.generate(request);
  for (let next = await tokens.next(); ; next = await tokens.next()) {
    if (!next.done) {
      const { logprobs, ...token } = next.value;
      print({ ...token, ...(logprobs && shownLogprobs(logprobs)) });
      continue;
    }
    const { text, reasoning, called, finish, promptTokens, completionTokens, reasoningTokens } = next.value;
    const { firstTokenMs, tokensPerSecond } = next.value;
    if (form.responseFormat && finish === 'length') {
      sayNotes(['The answer was cut off at --max-tokens or the end of the context, so its form is not whole.']);
    }
    const usage = {
      prompt: promptTokens,
      completion: completionTokens,
      ...(reasoningTokens > 0 && { reasoning: reasoningTokens }),
    };
    print({
      done: true,
      text,
      ...(reasoning !== undefined && { reasoning }),
      ...(called && { content: called.content, tool_calls: called.toolCalls }),
      finish,
      usage,
      timing: rounded({ loadMs, firstTokenMs, tokensPerSecond }),
    });
    return;
  }
}

/** An instruction as the one message of a chat, for a model that brings a template; the input is a paragraph of its own. */
function inOwnTemplate(prompt: Prompt, { chatTemplate }: Tokenizer): Prompt {
  if (prompt.kind !== 'instruct' || chatTemplate === undefined) return prompt;
  const { instruction, input } = prompt;
  const content = input === '' ? instruction : `${instruction}\n\n${input}`;
  return { kind: 'chat', messages: [{ role: 'user', content }] };
}

/** A chat with thinking turned on or off, where that was said. */
function withThinking(prompt: Prompt, thinking: 'on' | 'off' | undefined): Prompt {
  return prompt.kind === 'chat' && thinking !== undefined ? { ...prompt, thinking: thinking === 'on' } : prompt;
}

/** Two decimals are more than the clock is good for. */
function rounded<T extends Readonly<Record<string, number>>>(values: T): Record<keyof T, number> {
  const entries = Object.entries(values).map(([name, value]) => [name, Math.round(value * 100) / 100]);
  return Object.fromEntries(entries) as Record<keyof T, number>;
}

async function readPrompt(options: Options<typeof OPTIONS>): Promise<Prompt> {
  const prompts = [options.prompt, options.instruction, options.messages].filter((each) => each !== undefined);
  if (prompts.length !== 1) throw new UsageError('Exactly one of --prompt, --instruction and --messages is needed.');
  if (options.prompt !== undefined) return { kind: 'raw', text: options.prompt };
  if (options.instruction !== undefined) {
    const name = options.template ?? 'alpaca';
    const template = promptTemplates.find((each) => each.name === name);
    if (!template) {
      throw new UsageError(
        `There is no template ${name}. Templates: ${promptTemplates.map((each) => each.name).join(', ')}.`,
      );
    }
    return { kind: 'instruct', instruction: options.instruction, input: options.input ?? '', template };
  }
  return readChat(defined(options.messages, '--messages'));
}
