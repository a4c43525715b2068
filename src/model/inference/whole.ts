// What adapters hold whole, beside a base on the GPU: weights of which the embedding, the head, norms or biases are others.
import { type LinearMap, LINEAR_MAPS, type Projection, PROJECTIONS } from '../../core/adapter';
import { gainChange, layerNorms, type ModelConfig } from '../../core/model-config';
import type { WeightTensor } from '../../core/weight-kinds';
import type { Buffers } from '../../gpu/buffers';
import type { Matrix } from '../../ops/matmul/weights';
import { dequantizeRows } from '../../quant/repack';
import { type Norm, upload, type Weights } from '../weights';
import { outputsOf } from './lora';

/**
 * A base's weights with whole tensors in their places; those that stay are shared.
 * @param maxPartBytes as `uploadWeights` has it
 * @param config of the base
 */
export async function withWhole(
  buffers: Buffers,
  base: Weights,
  whole: readonly WeightTensor[],
  maxPartBytes: number,
  config: ModelConfig,
): Promise<Weights> {
  if (whole.length === 0) return base;
  const outputs = outputsOf(config);
  const find = (name: string) => whole.find((tensor) => tensor.name === name);
  const matrix = async (name: string) => {
    const tensor = find(name);
    return tensor && upload(buffers, [tensor], undefined, maxPartBytes);
  };
  const gains = async <Own extends GPUBuffer | undefined>(name: string, own: Own) => {
    const tensor = find(`${name}.weight`);
    if (!tensor || !own) return own;
    const { offset, factor } = gainChange(config, tensor.name);
    const values = (await valuesOf(tensor)).map((value) => factor * (offset + value));
    return buffers.from('adapters', values, name);
  };
  const normOf = async (name: string, own: Norm): Promise<Norm> => ({ ...own, gain: await gains(name, own.gain) });
  const norms = layerNorms(config);
  const embedding = await matrix('model.embed_tokens.weight');
  const head = (await matrix('lm_head.weight')) ?? (config.tieWordEmbeddings ? embedding : undefined);
  const layers = await Promise.all(
    base.layers.map(async (layer, i) => {
      const name = (part: string) => `model.layers.${i}.${part}`;
      const biased = async (projection: Projection): Promise<Matrix> => {
        const maps: readonly LinearMap[] = PROJECTIONS[projection];
        const own = maps.map((map) => find(name(`${folderOf(map)}.${map}.bias`)));
        if (own.every((bias) => bias === undefined)) return layer[projection];
        const { rows, biasValues } = layer[projection];
        const values = biasValues?.slice() ?? new Float32Array(rows);
        for (const [at, bias] of own.entries()) {
          const before = maps.slice(0, at).reduce((sum, map) => sum + outputs[map], 0);
          if (bias) values.set(await valuesOf(bias), before);
        }
        return { ...layer[projection], bias: buffers.from('adapters', values, 'biases'), biasValues: values };
      };
      return {
        ...layer,
        attentionNorm: await normOf(name(norms.attention), layer.attentionNorm),
        attentionPostNorm: await gains(name(norms.afterAttention ?? ''), layer.attentionPostNorm),
        feedForwardPostNorm: await gains(name(norms.afterFeedForward ?? ''), layer.feedForwardPostNorm),
        qkv: await biased('qkv'),
        output: await biased('output'),
        feedForwardNorm: await normOf(name(norms.feedForward), layer.feedForwardNorm),
        gateUp: await biased('gateUp'),
        down: await biased('down'),
      };
    }),
  );
  const norm = await normOf('model.norm', base.norm);
  return { ...base, embedding: embedding ?? base.embedding, layers, norm, head: head ?? base.head };
}

const folderOf = (map: LinearMap) => (LINEAR_MAPS.indexOf(map) < 4 ? 'self_attn' : 'mlp');

async function valuesOf(tensor: WeightTensor): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(tensor.columns);
  for await (const group of tensor.groups()) values.set(dequantizeRows(group));
  return values;
}
