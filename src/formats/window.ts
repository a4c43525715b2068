// Which layers see a part of the context only.

import type { ModelConfig } from './checkpoint';

type Windowed = Pick<ModelConfig, 'slidingWindow' | 'windowLayers'>;

/** Positions that a token sees in a layer, its own included; undefined for all. */
export function windowAt({ slidingWindow, windowLayers }: Windowed, layer: number): number | undefined {
  return windowLayers === undefined || windowLayers.includes(layer) ? slidingWindow : undefined;
}
