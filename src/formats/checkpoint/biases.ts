// Biases as transformers takes them: the configuration says which projections have one, and not the files.

import type { ModelConfig } from '../../core/model-config';
import type { Tensor } from '../../core/checkpoint';
import { optionalBiases } from '../config/llama-config';

/** `self_attn.q_proj` of a bias's name. */
const stemOf = (name: string) => name.replace(/^model\.layers\.\d+\./, '').replace(/\.bias$/, '');

/** What becomes of a directory's biases. */
export interface FittedBiases {
  readonly directory: ReadonlyMap<string, Tensor>;
  /** Projections that must have a bias in every layer. */
  readonly biased: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Leaves out biases that the configuration does not ask for; those that no layer has are zero.
 * @param asked projections that the configuration gives a bias
 * @param name of the configuration, for messages
 */
export function fittedBiases(
  directory: ReadonlyMap<string, Tensor>,
  config: ModelConfig,
  asked: readonly string[],
  name: string,
): FittedBiases {
  const known = optionalBiases(config);
  const isBias = (tensor: string) => known.has(tensor);
  const present = new Set([...directory.keys()].filter(isBias).map(stemOf));
  const [extra, zero] = [
    [...present].filter((stem) => !asked.includes(stem)),
    asked.filter((stem) => !present.has(stem)),
  ];
  const notes: string[] = [];
  if (extra.length > 0) {
    notes.push(
      `The files hold biases of ${extra.join(', ')}. ${name} gives these none, so they are ignored, as transformers does.`,
    );
  }
  if (zero.length > 0) {
    notes.push(
      `${name} asks for biases of ${zero.join(', ')}, and the files hold none: they are zero, as in transformers.`,
    );
  }
  const kept = [...directory].filter(([each]) => !isBias(each) || asked.includes(stemOf(each)));
  return { directory: new Map(kept), biased: asked.filter((stem) => present.has(stem)), notes };
}
