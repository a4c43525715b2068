import type { Tensor } from '../../core/checkpoint';
import { corruptFile } from '../../core/errors';
import { fromMetaName } from '../checkpoint/tensor-names';
import { rowGroups } from '../checkpoint/views';
import { type Family, OUT, QKV } from './family';

const PACKED = /^(model\.layers\.\d+)\.attention\.wqkv\.(weight|bias)$/;

/** Tensors have Meta's names; q, k and v are one. GGUF files have them apart, and q and k interleaved. */
export const internlm2: Family = {
  architecture: 'internlm2',
  name: 'InternLM2',
  title: 'InternLM2 and 2.5',
  modelType: 'internlm2',
  className: 'InternLM2ForCausalLM',
  inTransformers: false,
  gguf: { architecture: 'internlm2', halfSplit: false },
  biased: (json) => (json?.['bias'] === true ? [...QKV, ...OUT] : []),
  rename: (name) => fromMetaName(name.replace(/^model\./, '')),
  /** For each key head: the query heads that share it, itself, its value head. */
  unpack(tensor, { numHeads, numKeyValueHeads, headDim }): readonly Tensor[] | undefined {
    const [, layer, kind] = PACKED.exec(tensor.name) ?? [];
    if (layer === undefined) return undefined;
    const height = tensor.rows === 1 ? tensor.columns : tensor.rows;
    if (height !== (numHeads + 2 * numKeyValueHeads) * headDim) {
      throw corruptFile(
        tensor.place.file,
        `${tensor.name} does not hold ${numHeads} and twice ${numKeyValueHeads} heads`,
      );
    }
    const shared = numHeads / numKeyValueHeads;
    const groups = Array.from({ length: numKeyValueHeads }, (_, group) => group * (shared + 2));
    const part = (stem: string, of: readonly number[]) =>
      rowGroups(tensor, `${layer}.self_attn.${stem}_proj.${kind}`, of, headDim);
    return [
      part(
        'q',
        groups.flatMap((first) => Array.from({ length: shared }, (_, i) => first + i)),
      ),
      part(
        'k',
        groups.map((first) => first + shared),
      ),
      part(
        'v',
        groups.map((first) => first + shared + 1),
      ),
    ];
  },
};
