// The parts of a Hugging Face tokenizer.json that Pronk looks into; the rest is @huggingface/tokenizers' business.

/** A normalizer, pre-tokenizer or decoder: a type, its options, and parts where it is a sequence. */
export interface Step {
  readonly type: string;
  readonly [option: string]: unknown;
}

export interface TokenizerJson {
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly decoder: Step | null;
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly unk_token?: string | null;
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
  };
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
}

/** Old files leave parts out. */
export function parseTokenizerJson(text: string): TokenizerJson {
  const nothing = { normalizer: null, pre_tokenizer: null, decoder: null, added_tokens: [] };
  return { ...nothing, ...(JSON.parse(text) as TokenizerJson) };
}

/** The split of GPT-2 (Radford et al. 2019), which `ByteLevel` means where no other is given. */
export const GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export function splitBy(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** Replaces a step, or every step of a sequence; `undefined` leaves one out. */
export function mapSteps(step: Step | null, change: (step: Step) => readonly Step[]): Step | null {
  if (!step) return null;
  const steps = partsOf(step).flatMap(change);
  const [first] = steps;
  if (steps.length <= 1) return first ?? null;
  return { type: 'Sequence', normalizers: steps, pretokenizers: steps };
}

export function hasStep(step: Step | null, type: string): boolean {
  return step !== null && partsOf(step).some((part) => part.type === type);
}

function partsOf(step: Step): Step[] {
  if (step.type !== 'Sequence') return [step];
  const parts = (step['normalizers'] ?? step['pretokenizers'] ?? step['decoders']) as Step[] | undefined;
  return (parts ?? []).flatMap(partsOf);
}
