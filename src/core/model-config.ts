// Hyperparameters of a LLaMA-family model, whatever container they were read from.

/** Model families that Pronk computes: LLaMA's block with what each adds to it. */
export type Architecture = 'llama' | 'mistral' | 'qwen2' | 'internlm2';

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
  /** What each pair's frequency is divided by, d/2 numbers. */
  | { readonly type: 'divisors'; readonly divisors: readonly number[] };

/** Hyperparameters of a LLaMA-family model. D width, H heads, K key/value heads, d head width, F, V, L as in docs. */
export interface ModelConfig {
  readonly architecture: Architecture;
  /** V */
  readonly vocabularySize: number;
  /** D */
  readonly width: number;
  /** F */
  readonly feedForwardWidth: number;
  /** L */
  readonly layers: number;
  /** H */
  readonly heads: number;
  /** K */
  readonly keyValueHeads: number;
  /** d; not always D / H */
  readonly headWidth: number;
  /** Positions that the model was trained for. */
  readonly contextLength: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** The output head is the embedding matrix. */
  readonly tiedHead: boolean;
  /** A position sees itself and the `slidingWindow` − 1 before it (Mistral); without it, all before it. */
  readonly slidingWindow?: number;
  /** Layers that have the window, in rising order (Qwen2); all of them where absent. */
  readonly windowLayers?: readonly number[];
}

type Windowed = Pick<ModelConfig, 'slidingWindow' | 'windowLayers'>;

/** Positions that a token sees in a layer, its own included; undefined for all. */
export function windowAt({ slidingWindow, windowLayers }: Windowed, layer: number): number | undefined {
  return windowLayers === undefined || windowLayers.includes(layer) ? slidingWindow : undefined;
}
