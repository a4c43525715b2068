// The form of an answer, and what is added to its logits, from the command line.
import { PronkError } from '../../core/errors';
import type { EngineRequest } from '../../engine/index';
import type { JsonSchema, ResponseFormat } from '../../engine/forms/response-format';
import type { TokenLogprobs } from '../../engine/generation/token-logprobs';
import { choice, number, type Options, UsageError } from '../arguments';
import { textAt } from '../node-store/files';

export const FORM_OPTIONS = {
  'json-schema': 'text',
  regex: 'text',
  choices: 'list',
  'top-logprobs': number({ min: 0, max: 20, whole: true }),
  'presence-penalty': number({ min: -2, max: 2, default: 0 }),
  'frequency-penalty': number({ min: -2, max: 2, default: 0 }),
  'logit-bias': 'list',
  'dry-multiplier': number({ min: 0, max: 100, default: 0 }),
  'dry-base': number({ min: 1, max: 10, default: 1.75 }),
  'dry-allowed-length': number({ min: 1, whole: true, default: 2 }),
  'dry-breaker': 'list',
  beams: number({ min: 0, max: 4, whole: true, default: 0 }),
  'length-penalty': number({ min: -10, max: 10, default: 1 }),
  'early-stopping': choice(['no', 'yes', 'never'], 'no'),
} as const;

/** The words of the option, and how transformers spells them. */
const EARLY = { no: false, yes: true, never: 'never' } as const;

type FormOptions = Options<typeof FORM_OPTIONS>;

/** What the options ask of a generation. @throws UsageError; PronkError `no-file`, `bad-schema` */
export async function readForm(
  options: FormOptions,
): Promise<Pick<EngineRequest, 'responseFormat' | 'topLogprobs' | 'adjustments' | 'beams' | 'dry'>> {
  return {
    responseFormat: await readFormat(options),
    topLogprobs: options['top-logprobs'],
    beams: {
      beams: options.beams,
      lengthPenalty: options['length-penalty'],
      earlyStopping: EARLY[options['early-stopping']],
    },
    dry: {
      multiplier: options['dry-multiplier'],
      base: options['dry-base'],
      allowedLength: options['dry-allowed-length'],
      breakers: options['dry-breaker'],
    },
    adjustments: {
      presencePenalty: options['presence-penalty'],
      frequencyPenalty: options['frequency-penalty'],
      logitBias: Object.fromEntries((options['logit-bias'] ?? []).map(readBias)),
    },
  };
}

async function readFormat(options: FormOptions): Promise<ResponseFormat | undefined> {
  const { regex, choices, 'json-schema': file } = options;
  if ([regex, choices, file].filter((each) => each !== undefined).length > 1) {
    throw new UsageError('An answer has one form: --json-schema, --regex or --choices.');
  }
  if (regex !== undefined) return { type: 'regex', pattern: regex };
  if (choices !== undefined) return { type: 'choice', choices };
  if (file === undefined) return undefined;
  const text = await textAt(file);
  try {
    return { type: 'json_schema', json_schema: { schema: JSON.parse(text) as JsonSchema } };
  } catch (error) {
    throw new PronkError('bad-schema', `${file} is not JSON: ${(error as Error).message}.`);
  }
}

function readBias(text: string): readonly [id: number, value: number] {
  const [, id, value] = /^(\d+)=(-?\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (id !== undefined && Math.abs(Number(value)) <= 100) return [Number(id), Number(value)];
  throw new UsageError(`--logit-bias needs ID=V, V a number from -100 to 100, not ${text}.`);
}

/** Logarithms as a token's line has them. */
export function shownLogprobs({ logprob, top }: TokenLogprobs) {
  return { logprob, top: top.map((each) => ({ id: each.id, text: each.text, logprob: each.logprob })) };
}
