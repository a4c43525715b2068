// The optimizer's struct, which is bound as storage and so is no op's `Params`: WGSL and TypeScript must agree on it too.
import { expect, test } from 'vitest';
import { checkStruct } from '../../gpu/declarations';
import optimizerStep from '../../../shaders/optimizer/optimizer-step.wgsl?raw';
import { OPTIMIZER_STEP, packOptimizerStep } from './adamw';

test('its fields are those of the shader, in their order', () => {
  checkStruct(optimizerStep, 'Optimizer', OPTIMIZER_STEP.fields);
  const { ratio: _, ...fewer } = OPTIMIZER_STEP.fields;
  expect(() => checkStruct(optimizerStep, 'Optimizer', fewer)).toThrow('struct Optimizer is');
});

test('settings lie where the shader reads them', () => {
  const step = { learningRate: 2, ratio: 3, weightDecay: 4, beta1: 0.5, beta2: 0.75, epsilon: 5, maxGradNorm: 6 };
  const bytes = packOptimizerStep({ ...step, count: 2 });
  expect([...new Float32Array(bytes)]).toEqual([2, 3, 4, 0.5, 0.75, 0.5, 0.25, 5, 0.75, 0.4375, 6]);
});
