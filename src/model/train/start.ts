// The numbers that a LoRA begins with.
import type { ModelConfig } from '../../core/model-config';
import type { LoraPair } from '../../core/adapter';
import { hashed } from '../../core/hashed';
import type { LoraSpec } from '../lora-types';
import { type AdaptedGroup, type Layout, layOut } from './layout';

/** A trained pair's shape; its group says where its numbers lie. */
export interface PairPlace extends Pick<LoraPair, 'layer' | 'map' | 'inputs' | 'outputs'> {
  readonly group: AdaptedGroup;
  /** The map's place in its group, and the rows of the group's stacked B before its own. */
  readonly index: number;
  readonly row: number;
}

/** The trained pairs in the trainer's order. */
export function pairPlaces({ layers }: Layout): PairPlace[] {
  return layers.flatMap((groups, layer) =>
    Object.values(groups).flatMap((group) => {
      let row = 0;
      return group.maps.map(({ map, rows }, index) => {
        const place = { layer, map, inputs: group.inputs, outputs: rows, group, index, row };
        row += rows;
        return place;
      });
    }),
  );
}

/** What a new run begins with: A uniform in ±1/√inputs as in PEFT, B zero. */
export function startingPairs(places: readonly PairPlace[], { rank, scale, seed }: LoraSpec): LoraPair[] {
  return places.map(({ layer, map, inputs, outputs }, i) => ({
    layer,
    map,
    rank,
    inputs,
    outputs,
    scale,
    a: seededUniform(rank * inputs, 1 / Math.sqrt(inputs), seed, i),
    b: new Float32Array(outputs * rank),
  }));
}

/** A new adapter's first values, computed without a device. */
export function startOf(config: ModelConfig, spec: LoraSpec): LoraPair[] {
  return startingPairs(pairPlaces(layOut(config, spec, Infinity)), spec);
}

/**
 * Uniform values in ±bound: PEFT's A (kaiming_uniform with a = √5 is ±1/√inputs). The generator is counter-based, so that
 * a value depends on seed, pair and place alone.
 */
function seededUniform(count: number, bound: number, seed: number, pair: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = (2 * hashed(seed, pair, i) - 1) * bound;
  return values;
}
