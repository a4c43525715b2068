// The model that `bench` measures: its tensors and how they are computed with, checked before a device is opened. Bench makes its own
// sessions, since it measures the parts that an engine keeps to itself.
import type { ModelConfig } from '../../core/model-config';
import type { WeightTensor } from '../../core/weight-kinds';
import type { UsedAdapter } from '../../model/inference/lora';
import type { Precision } from '../../ops/tuning';
import { type AdaptedModel, adapterAt, pathAndStrength } from '../input/adapter';
import { type Options, required } from '../arguments';
import { checkedOptions, type LOAD_OPTIONS } from '../input/load-options';
import { openModel } from '../input/model';
import { type ShapeName, SHAPES, synthetic } from './shapes';

type LoadOptions = Options<typeof LOAD_OPTIONS>;

export interface Prepared {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
  readonly precision: Precision;
  readonly context: number;
  readonly adapters: readonly UsedAdapter[];
}

/** Reads and checks the files of a model and its adapters. */
export async function preparedModel(options: LoadOptions): Promise<Prepared> {
  const { quantize, precision, contextFor } = checkedOptions(options);
  const { config, tensors } = await openModel(required(options.model, 'model'), quantize);
  const adapters = await usedAdapters(options, { config, tensors });
  return { config, tensors, precision, context: contextFor(config), adapters };
}

/** A published shape with made-up weights. @param layers of it; all where left out */
export async function preparedShape(name: ShapeName, options: LoadOptions, layers?: number): Promise<Prepared> {
  const { quantize, precision, contextFor } = checkedOptions(options);
  const shape = SHAPES[name];
  const { config, tensors } = synthetic({ ...shape, numLayers: layers ?? shape.numLayers }, quantize);
  const adapters = await usedAdapters(options, { config, tensors });
  return { config, tensors, precision, context: contextFor(config), adapters };
}

function usedAdapters({ adapter = [] }: LoadOptions, base: AdaptedModel): Promise<UsedAdapter[]> {
  return Promise.all(
    adapter.map(async (text) => {
      const { path, strength } = await pathAndStrength(text);
      return { key: path, pairs: (await adapterAt(path, base)).pairs, strength };
    }),
  );
}
