// Hyperparameters of a LLaMA-family model, whatever container they were read from.

/** Model families that Pronk computes: LLaMA's block with what each adds to it. */
export type Architecture =
  | 'llama'
  | 'mistral'
  | 'ministral3'
  | 'qwen2'
  | 'qwen3'
  | 'smollm3'
  | 'phi3'
  | 'gemma3'
  | 'internlm2'
  | 'opt';

/** How rotary frequencies differ from the ones that θ gives. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  /** NTK scaling by the length of the text, from where it exceeds `contextLength` on. */
  | { readonly type: 'dynamic'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    }
  /** Each pair's frequency is divided by its number, a number for each rotated pair. */
  | { readonly type: 'divisors'; readonly divisors: readonly number[] }
  /** YaRN (Peng et al. 2023, arXiv:2309.00071): slow pairs are divided by the factor, fast ones stay as they are. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      /** Turns within the original context from which on a pair stays as it is, and up to which it is divided. */
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the ramp between those two begins and ends at whole pairs. */
      readonly truncate: boolean;
      /** cos and sin are multiplied by it. */
      readonly attentionFactor: number;
    }
  /** LongRoPE (Ding et al. 2024, arXiv:2402.13753): divisors of texts up to the original context, and of longer ones. */
  | {
      readonly type: 'longrope';
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly originalContextLength: number;
      /** cos and sin are multiplied by it. */
      readonly attentionFactor: number;
    };

/** Queries grow with their position: q is multiplied by 1 + beta · ln(1 + ⌊position / originalContextLength⌋). */
export interface QueryScaling {
  readonly beta: number;
  readonly originalContextLength: number;
}

/** The function between the products of a feed-forward: SiLU, or GELU by its tanh (`gelu_pytorch_tanh`). */
export type Activation = 'silu' | 'gelu_tanh';

/** Hyperparameters of a LLaMA-family model. D width, H heads, K key/value heads, d head width, F, V, L as in docs. */
export interface ModelConfig {
  readonly architecture: Architecture;
  /** V */
  readonly vocabSize: number;
  /** D */
  readonly hiddenSize: number;
  /** F */
  readonly intermediateSize: number;
  /** L */
  readonly numLayers: number;
  /** H */
  readonly numHeads: number;
  /** K */
  readonly numKeyValueHeads: number;
  /** d; not always D / H */
  readonly headDim: number;
  /** Positions that the model was trained for. */
  readonly contextLength: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** Elements of each head that rotate, from its first on (Phi-4-mini); all `headDim` where absent. */
  readonly rotaryDim?: number;
  /** Ministral 3; as Llama 4 has it. */
  readonly queryScaling?: QueryScaling;
  /** The output head is the embedding matrix. */
  readonly tieWordEmbeddings: boolean;
  /** A position sees itself and the `slidingWindow` − 1 before it (Mistral); without it, all before it. */
  readonly slidingWindow?: number;
  /** Layers that have the window, in rising order (Qwen2); all of them where absent. */
  readonly windowLayers?: readonly number[];
  /** Each head of q and k goes through an RMSNorm of d gains before it is rotated (Qwen3). */
  readonly qkNorm?: true;
  /** Layers without rotary positions, in rising order (SmolLM3); none where absent. */
  readonly nopeLayers?: readonly number[];
  /** θ of the layers with a window, which scale nothing (Gemma); that of all layers where absent. */
  readonly localRopeTheta?: number;
  /** SiLU where absent. */
  readonly activation?: Activation;
  /** Attention and feed-forward have a norm behind them too, before their result is added to the residual stream (Gemma). */
  readonly postNorms?: true;
  /** Norms multiply by 1 + what their tensors hold (Gemma). */
  readonly unitOffsetNorm?: true;
  /** What the embedding's rows are multiplied by, though not as the head (Gemma). */
  readonly embeddingScale?: number;
  /** What q · k is multiplied by, where that is not 1/√d; only with `qkNorm` (Gemma). */
  readonly attentionScale?: number;
  /** Norms are LayerNorms, with a shift beside their gain (OPT); `rmsNormEps` is theirs. */
  readonly layerNorm?: true;
  /** A row of a table is added to the embedding for each position, up to `contextLength` of them, and nothing rotates (OPT). */
  readonly learnedPositions?: true;
  /** W_down · max(W_up · x, 0) without a gate (OPT); gated by `activation` where absent. */
  readonly feedForward?: 'relu';
}

/** The table of learned positions. */
export const POSITIONS = 'model.embed_positions.weight';

/** Rows of a table of learned positions that stand for none: OPT's first two. */
export const POSITION_OFFSET = 2;

/** Elements of a head that rotate. */
export function rotaryDimOf({ headDim, rotaryDim = headDim }: Pick<ModelConfig, 'headDim' | 'rotaryDim'>): number {
  return rotaryDim;
}

/** Texts up to this length have one rotation for each position; longer ones are rotated by their own length. */
export function fixedRotation({
  ropeScaling,
  contextLength,
}: Pick<ModelConfig, 'ropeScaling' | 'contextLength'>): number {
  if (ropeScaling?.type === 'longrope') return ropeScaling.originalContextLength;
  return ropeScaling?.type === 'dynamic' ? contextLength : Infinity;
}

type Windowed = Pick<ModelConfig, 'slidingWindow' | 'windowLayers'>;

/** Positions that a token sees in a layer, its own included; undefined for all. */
export function windowAt({ slidingWindow, windowLayers }: Windowed, layer: number): number | undefined {
  return windowLayers === undefined || windowLayers.includes(layer) ? slidingWindow : undefined;
}

/** What a layer's rotary angles follow from. */
export type RotaryConfig = Pick<
  ModelConfig,
  'headDim' | 'rotaryDim' | 'contextLength' | 'ropeTheta' | 'ropeScaling' | 'queryScaling'
>;

/** How a layer rotates q and k; undefined for a layer that does not. */
export function rotaryOf(config: ModelConfig, layer: number): RotaryConfig | undefined {
  if (config.learnedPositions || config.nopeLayers?.includes(layer)) return undefined;
  const { headDim, rotaryDim, contextLength, ropeTheta, ropeScaling, localRopeTheta, queryScaling } = config;
  const common = {
    headDim,
    ...(rotaryDim !== undefined && { rotaryDim }),
    contextLength,
    ...(queryScaling && { queryScaling }),
  };
  if (localRopeTheta !== undefined && windowAt(config, layer) !== undefined) {
    return { ...common, ropeTheta: localRopeTheta };
  }
  return { ...common, ropeTheta, ...(ropeScaling && { ropeScaling }) };
}

/** One value a layer, made once for layers that rotate alike; undefined for layers that do not rotate. */
export function perRotary<Made>(
  config: ModelConfig,
  make: (rotary: RotaryConfig) => Made,
): readonly (Made | undefined)[] {
  const made = new Map<string, Made>();
  return Array.from({ length: config.numLayers }, (_, layer) => {
    const rotary = rotaryOf(config, layer);
    if (!rotary) return undefined;
    const key = JSON.stringify(rotary);
    const known = made.get(key) ?? make(rotary);
    made.set(key, known);
    return known;
  });
}

type Normed = Pick<ModelConfig, 'postNorms'>;

interface LayerNorms {
  readonly attention: string;
  readonly afterAttention?: string;
  readonly feedForward: string;
  readonly afterFeedForward?: string;
}

/** Names of a layer's norms: in front of attention and feed-forward, and behind them where there are such. */
export function layerNorms({ postNorms }: Normed): LayerNorms {
  return postNorms
    ? {
        attention: 'input_layernorm',
        afterAttention: 'post_attention_layernorm',
        feedForward: 'pre_feedforward_layernorm',
        afterFeedForward: 'post_feedforward_layernorm',
      }
    : { attention: 'input_layernorm', feedForward: 'post_attention_layernorm' };
}

/**
 * A norm's gain is factor · (offset + what its tensor holds). Scores that are scaled by their own number have it in the gain of
 * q, beside the √d that attention divides by.
 */
export function gainChange({ unitOffsetNorm, attentionScale, headDim }: ModelConfig, name: string) {
  const ofQuery = attentionScale !== undefined && name.endsWith('.q_norm.weight');
  return { offset: unitOffsetNorm ? 1 : 0, factor: ofQuery ? attentionScale * Math.sqrt(headDim) : 1 };
}

/** The names that sizes have in records of models, adapters and runs: stores of earlier versions hold them, and keep them. */
const STORED_NAMES = {
  vocabSize: 'vocabularySize',
  hiddenSize: 'width',
  intermediateSize: 'feedForwardWidth',
  numLayers: 'layers',
  numHeads: 'heads',
  numKeyValueHeads: 'keyValueHeads',
  headDim: 'headWidth',
  rmsNormEps: 'normEpsilon',
  tieWordEmbeddings: 'tiedHead',
} as const satisfies Partial<Record<keyof ModelConfig, string>>;

type StoredNames = typeof STORED_NAMES;

/** A configuration as records in a store hold it. */
export type StoredConfig = {
  readonly [K in keyof ModelConfig as K extends keyof StoredNames ? StoredNames[K] : K]: ModelConfig[K];
};

/** A configuration under the names that a store has for it, in the order in which it has its fields. */
export function toStoredConfig(config: ModelConfig): StoredConfig {
  const names: Readonly<Record<string, string>> = STORED_NAMES;
  return renamed(config, (key) => names[key] ?? key) as StoredConfig;
}

/** The configuration that a record in a store holds. */
export function fromStoredConfig(stored: StoredConfig): ModelConfig {
  const names = new Map(Object.entries(STORED_NAMES).map(([name, old]) => [old as string, name]));
  return renamed(stored, (key) => names.get(key) ?? key) as ModelConfig;
}

function renamed(record: object, name: (key: string) => string): object {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [name(key), value]));
}
