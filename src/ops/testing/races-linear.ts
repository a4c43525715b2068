// Cases of training's linear maps for the search for data races.
import { linearBackward } from '../matmul/linear';
import { type LoraOp, loraWork } from './lora';
import { random } from './numbers';
import type { RaceCase } from './races';
import { TARGETS, workOf } from './run';

const gemmTransposed = (): RaceCase => {
  const [rows, columns, tokens] = [70, 72, 65];
  return {
    ...workOf(linearBackward, { kind: 'f32', accumulate: false }, TARGETS.hardware, {
      bind: {
        x: random(tokens * rows, 1),
        codes: random(rows * columns, 2),
        y: new Float32Array(tokens * columns),
      },
      params: { rows, columns, row_start: 0, x_stride: rows },
      count: tokens,
    }),
    outputs: ['y'],
    needed: [0, 1],
  };
};

/** @param barrier index of the one that guards the output, of all in the kernel */
const lora = (op: LoraOp, barrier: number) => (): RaceCase => {
  const { kernel, work, output } = loraWork(op, {
    columns: 52,
    rank: 9,
    stride: 70,
    scale: 0.75,
    keep: 0.8,
    maps: [
      { first: 0, rows: 41, module: 1 },
      { first: 41, rows: 13, module: 2 },
    ],
    target: TARGETS.hardware,
    tokens: 21,
  });
  return { kernel, work, outputs: [output], needed: [barrier] };
};

/** By name; those whose pipelines take software drivers longest, when there is time. */
export const linearRaces: Readonly<Record<string, () => RaceCase>> = {
  'lora up backward': lora('upBackward', 0),
  'lora b gradient': lora('bGradient', 1),
  ...(process.env['PRONK_LONG'] && {
    'gemm transposed': gemmTransposed,
    'lora down': lora('down', 0),
    'lora a gradient': lora('aGradient', 0),
  }),
};
