// The text of `COMMAND --help`. Names, bounds and defaults of options come from the table that the command reads them by, those of
// training settings from theirs; here stands what options mean.
import { FIELD_NAMES, FIELDS } from '../training/fields';
import { boundsOf, type OptionType, type OptionTypes } from './arguments';
import { COMMANDS } from './commands/index';

const READ_MODEL = 'A .gguf file, a folder with a checkpoint, a folder that import wrote, or demo.';

/** The meaning of each option, and the word that stands for its value where its type does not give one. */
const OPTIONS: Readonly<Record<string, string | readonly [value: string, about: string]>> = {
  adapter: ['DIR[=strength]', 'An adapter to use, and how much of it.'],
  base: ['DIR', 'The folder with the original weights.'],
  choices: ['TEXT', 'A text that the answer may be: it is one of those given.'],
  beams: 'Texts that a beam search goes on with at a time; 0 and 1 draw one text.',
  checkpointing: 'Layers between two that are kept; 0 keeps all.',
  config: ['FILE', 'The training settings, as JSON.'],
  context: 'Positions of the KV cache; 4096 or what the model has, whichever is less, where it is not given.',
  contexts: ['N,N', 'Tokens in the cache when decoding begins, with --points; 128 where it is not given.'],
  conversations: 'Measures going back to a conversation that another one was read after.',
  data: ['F', 'The examples: a file, or hf:owner/name for a dataset on the Hugging Face Hub.'],
  density: 'The share of each adapter’s elements that stays, for methods that drop some; 0.5 where it is not given.',
  diff: ['DIR', 'The folder with the weight diff.'],
  'dry-allowed-length': 'Repeats of fewer tokens cost nothing.',
  'dry-base': 'How much more each token more of a repeat costs.',
  'dry-breaker': [
    'TEXT',
    'A text that no repeat goes across, in place of a new line, a colon, a quote and an asterisk.',
  ],
  'dry-multiplier': 'Makes tokens that would go on with a repeat less likely, as llama.cpp’s DRY does; 0 is off.',
  dtype: 'How the weights are written.',
  'early-stopping':
    'When a beam search ends: with as many whole texts as beams, or where no better one is likely, or possible.',
  encoding: ['NAME', 'The text encoding, where it is neither UTF-8 nor UTF-16: windows-1252.'],
  'expect-sum': 'The published sum of all weights, to compare with.',
  file: ['FILE', 'A file with the text.'],
  'frequency-penalty': 'Takes this off the logit of a token for each time that it was written; 0 is off.',
  format: 'What is written.',
  from: ['FORM', 'What form the examples have, where it is not what it looks like.'],
  ids: ['1,2,3', 'Token ids, used exactly as given.'],
  'init-adapter': ['DIR', 'An adapter to begin from.'],
  input: ['TEXT', 'What the instruction is about.'],
  instruction: ['TEXT', 'An instruction, put into a template.'],
  'json-schema': ['FILE', 'A JSON schema; the answer is JSON that it accepts.'],
  key: ['FILE', 'The original file that is the key.'],
  layers: 'Layers, where it should be fewer than the shape has.',
  'length-penalty': 'Above 0 a beam search prefers longer texts.',
  'logit-bias': ['ID=V', 'Adds this, from -100 to 100, to the logit of a token.'],
  'majority-sign': 'How the sign is elected where adapters disagree: by their sum, or by how many have it.',
  'max-shard-size': ['SIZE', 'A new file begins before one would grow beyond this, such as 5GB.'],
  'max-tokens': 'Tokens of the answer at most.',
  messages: ['FILE', 'A chat: a JSON list of {"role","content"}; an answer may have its "reasoning_content".'],
  method: 'How several become one: cat is their mix itself, svd the nearest of a rank.',
  'min-p': 'Leaves out tokens less likely than this share of the likeliest one.',
  model: ['M', READ_MODEL],
  'no-special': 'Leaves out the token that begins a text.',
  out: ['DIR', 'The folder to write; it is made where it is missing.'],
  output: ['COLUMN', 'The column with the answer.'],
  paper:
    'Compiles for an AMD GPU of this family that need not be there, and tells counts and bounds of each kernel; Linux.',
  points: 'Measures loading, prompts of --prompts tokens and decoding behind --contexts tokens, in milliseconds.',
  precision:
    'How it is computed: exact is 32 bits throughout, fast 16 bits between products, int8 products of 8-bit whole numbers.',
  'presence-penalty': 'Takes this off the logit of each token that was written; 0 is off.',
  prompt: ['TEXT', 'Raw text, without a template.'],
  'prompt-tokens': 'Tokens of the prompt; 256, and 512 in training, where it is not given.',
  prompts: ['N,N', 'Lengths of prompts, with --points; 128 where it is not given.'],
  quantize: 'How the weights are held: keep is as the file has them.',
  regex: ['PATTERN', 'A regular expression that the whole answer matches.'],
  rank: 'The rank of the LoRA that is trained.',
  'repetition-penalty': 'Makes tokens that came before less likely; 1 is off.',
  resume: 'Goes on with the run in --out.',
  rows: 'Rows that are read of a dataset on the Hub; 10,000 where it is not given.',
  seed: 'One seed is one text.',
  shape: 'A published shape with made-up weights.',
  split: ['NAME', 'The split of a dataset on the Hub; train, where there is one.'],
  steps: 'Training steps that are timed.',
  stop: ['TEXT', 'A text that ends the answer.'],
  strict: 'Fails where a row cannot be read, instead of leaving it out.',
  subset: ['NAME', 'The subset of a dataset on the Hub; its first one where it is not given.'],
  temperature: '0 always takes the likeliest token.',
  template: ['NAME', 'The template for an instruction, instead of the model’s own.'],
  text: ['TEXT', 'The text.'],
  thinking: 'Whether the model thinks first, where its chat template has a switch for that.',
  'thinking-budget': 'Tokens that a thought may take, beside --max-tokens; then it is closed and the answer goes on.',
  tokenizer: ['FILE', 'A tokenizer.model.'],
  tokens: 'Tokens that are generated.',
  'top-k': 'Chooses among the k likeliest tokens; 0 is off.',
  'top-logprobs': 'Tells how likely each token was, with so many of the likeliest in its place.',
  'top-p': 'Chooses among the fewest tokens whose probabilities add up to this; 1 is off.',
  train: 'Measures training too.',
  tuned: ['DIR', 'The folder with the fine-tuned weights.'],
  'write-gguf': ['FILE', 'Writes the model as a GGUF file and measures nothing.'],
};

/** One option as a person reads it. */
interface OptionHelp {
  readonly name: string;
  readonly value?: string;
  readonly default?: string | number;
  /** Which numbers it takes, in words. */
  readonly bounds?: string;
  readonly about: string;
}

/** One training setting of `--config` as a person reads it. */
interface SettingHelp {
  readonly name: string;
  /** Other names that it may have in a config. */
  readonly aliases: readonly string[];
  readonly default: unknown;
  /** Which values it takes, in words. */
  readonly takes: string;
  readonly about: string;
}

export interface Help {
  readonly command: string;
  readonly about: string;
  readonly usage: string;
  readonly options: readonly OptionHelp[];
  /** Training settings, where the command reads a config. */
  readonly settings?: readonly SettingHelp[];
  readonly example: string;
}

const RUN = 'npm run -s headless --';

/** Describes a command and its options. @throws RangeError for an option without a meaning in this file */
export function helpOf(command: string, types: OptionTypes): Help {
  const { about, words, example, options = {} } = COMMANDS[command] ?? { about: '', example: command };
  return {
    command,
    about,
    usage: [RUN, command, ...(words === undefined ? [] : [words]), '[options]'].join(' '),
    options: Object.entries(types).map(([name, type]) => optionHelp(name, type, options[name])),
    ...(Object.hasOwn(types, 'config') && { settings: settingsHelp() }),
    example: `${RUN} ${example}`,
  };
}

function settingsHelp(): SettingHelp[] {
  return FIELD_NAMES.map((name) => {
    const { aliases = [], default: fallback, takes, hint } = FIELDS[name];
    return { name, aliases, default: fallback, takes, about: hint };
  });
}

function optionHelp(name: string, type: OptionType, here: string | undefined): OptionHelp {
  const known = OPTIONS[name];
  if (known === undefined) throw new RangeError(`Nothing is said of --${name}`);
  const [word, about] = typeof known === 'string' ? ['TEXT', known] : known;
  const value = type === 'flag' ? undefined : typeof type === 'string' ? word : valueOf(type);
  const fallback = typeof type === 'object' ? type.default : undefined;
  const bounds = typeof type === 'object' && type.kind === 'number' ? boundsOf(type) : undefined;
  const several = type === 'list' ? ' May be given several times.' : '';
  return {
    name,
    ...(value !== undefined && { value }),
    ...(fallback !== undefined && { default: fallback }),
    ...(bounds !== undefined && { bounds }),
    about: `${here ?? about}${several}`,
  };
}

function valueOf(type: Exclude<OptionType, string>): string {
  return type.kind === 'choice' ? type.values.join('|') : 'N';
}

/** Help as text. */
export function helpText({ about, usage, options, settings = [], example }: Help): string {
  const lines = options.flatMap(({ name, value, default: fallback, bounds, about: meaning }) => {
    const facts = [bounds, fallback === undefined ? undefined : `default ${fallback}`].filter(Boolean);
    return [`  --${name}${value === undefined ? '' : ` ${value}`}`, `      ${[meaning, ...facts].join(' · ')}`];
  });
  const table = settings.flatMap(({ name, aliases, default: fallback, takes, about: meaning }) => [
    `  ${[name, ...aliases].join(', ')}`,
    `      ${[meaning, takes, `default ${JSON.stringify(fallback)}`].join(' · ')}`,
  ]);
  const config = table.length > 0 ? ['', 'Settings in the file of --config:', '', ...table] : [];
  return [about, '', `Usage: ${usage}`, '', ...lines, ...config, '', `Example: ${example}`].join('\n');
}
