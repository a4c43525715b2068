// Gains of norms in the form that files have. Gemma's folders hold them less one, and its GGUF files as they multiply; a store
// keeps those of the files that a model came from.
import type { ModelConfig } from '../../core/model-config';
import type { WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows, packRows } from '../../quant/repack';

/** What is written of a model. */
interface Written {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
}

/** The model as a Hugging Face folder of its family has it. */
export function inFolder(model: Written): Written {
  return withGains(model, model.config.architecture === 'gemma3');
}

/** The model with its gains less one, or as they multiply; itself where they are in that form. */
function withGains({ config, tensors }: Written, lessOne: boolean): Written {
  const { unitOffsetNorm, ...asMultiplied } = config;
  if (lessOne === (unitOffsetNorm ?? false)) return { config, tensors };
  const by = lessOne ? -1 : 1;
  return {
    config: lessOne ? { ...config, unitOffsetNorm: true } : asMultiplied,
    tensors: tensors.map((tensor) => (tensor.name.endsWith('norm.weight') ? shifted(tensor, by) : tensor)),
  };
}

/** The model as GGUF files have it. */
export function inGguf(model: Written): Written {
  return withGains(model, false);
}

function shifted(tensor: WeightTensor, by: number): WeightTensor {
  return {
    ...tensor,
    async *groups() {
      for await (const group of tensor.groups()) {
        const values = dequantizeRows(group).map((value) => value + by);
        yield { ...packRows(values, group.kind, group.rows, tensor.columns), rowStart: group.rowStart };
      }
    },
  };
}
