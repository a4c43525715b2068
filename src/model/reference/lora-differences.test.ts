// Gradients of the float64 reference against differences of its loss, for random models of every family's making.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test, vi } from 'vitest';
import { LINEAR_MAPS, type LoraPair } from '../../core/adapter';
import { random, relative } from '../../ops/testing/numbers';
import type { LoraReference, PairGradient } from './lora-group';
import { loraLossReference, loraReference } from './lora';
import { microBatch, type TokenRow } from '../testing/batch';
import { GEMMA, OPT_WAYS, randomModel, randomPairs, TINY } from '../testing/random-model';

// for a busy machine
vi.setConfig({ testTimeout: 60_000 });

const small: ModelConfig = {
  ...TINY,
  vocabSize: 23,
  hiddenSize: 16,
  intermediateSize: 20,
  numHeads: 6,
  numKeyValueHeads: 2,
  headDim: 4,
};

const opt: ModelConfig = { ...small, ...OPT_WAYS, numKeyValueHeads: 6, tieWordEmbeddings: true };

const row = (length: number, start: number): TokenRow => {
  const ids = Array.from({ length }, (_, i) => (start + 7 * i) % 23);
  return { input_ids: ids, labels: ids.map((id, i) => (i % 4 === 2 ? -100 : id)) };
};
const batch = microBatch([row(6, 3), row(1, 8), row(4, 12)], [11, 3, 40]);
const WEIGHT = 0.13;

function reference(config: ModelConfig, biased: readonly string[], rest: Partial<LoraReference> = {}): LoraReference {
  const weights = randomModel(config, 'f32', biased).reference;
  return { config, weights, pairs: randomPairs(config, { rank: 3, scale: 1.7 }), ...rest };
}

const MODELS: Record<string, LoraReference> = {
  'grouped heads': reference(small, []),
  'a tied head, and biases of q, k and v': reference({ ...small, tieWordEmbeddings: true }, [
    'q_proj',
    'k_proj',
    'v_proj',
  ]),
  'a window of three, and every bias': reference({ ...small, slidingWindow: 3 }, LINEAR_MAPS),
  'a rank of one, on some maps of the upper layer': reference(small, [], {
    pairs: randomPairs(small, { rank: 1, scale: 0.5, maps: ['k_proj', 'up_proj'], layers: [1] }),
  }),
  'normalized heads': reference({ ...small, qkNorm: true }, []),
  'what Gemma 3 adds': reference({ ...small, ...GEMMA }, []),
  'a layer without rotary positions': reference({ ...small, nopeLayers: [0] }, []),
  'OPT’s ways, and every bias': reference(opt, LINEAR_MAPS),
  // the norms count as constants: with others than are computed, the loss is another one and no less differentiable
  'DoRA with biases, and dropout': reference({ ...small, tieWordEmbeddings: true }, ['q_proj', 'k_proj', 'v_proj'], {
    pairs: scaled(randomPairs(small, { rank: 2, scale: 1.3, maps: ['q_proj', 'v_proj', 'o_proj', 'up_proj'] })),
    dropout: { rate: 0.2, seed: 3, step: 1 },
  }),
  dropout: reference(small, [], { dropout: { rate: 0.3, seed: 9, step: 2 } }),
};

/** Pairs with magnitudes, and norms that stay. */
function scaled(pairs: readonly LoraPair[]): LoraReference['pairs'] {
  return pairs.map((pair, i) => ({
    ...pair,
    magnitude: random(pair.outputs, i + 50).map((each) => 1.5 + each),
    inverse: random(pair.outputs, i + 90).map((each) => 1.2 + each),
  }));
}

type Side = 'a' | 'b' | 'magnitude';

/** The loss's derivative along a direction in one pair's matrix, to the fourth order in the step. */
function derivative(
  model: LoraReference,
  index: number,
  side: Side,
  direction: ArrayLike<number>,
  // a step over a kink of max(x, 0) would tell of no derivative
  step = model.config.feedForward ? 2e-6 : 2e-3,
): number {
  const at = (times: number) => {
    const pairs = model.pairs.map((pair, i) =>
      i === index
        ? { ...pair, [side]: Float64Array.from(pair[side] ?? [], (x, j) => x + times * step * direction[j]) }
        : pair,
    );
    return loraLossReference({ ...model, pairs }, batch, WEIGHT);
  };
  return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
}

/** Two entries of a matrix and a direction through all of them: by differences, and by the gradient. */
function compare(model: LoraReference, gradients: readonly PairGradient[], index: number, side: Side) {
  const gradient = gradients[index][side] ?? new Float64Array(0);
  const size = gradient.length;
  const unit = (place: number) => Float64Array.from({ length: size }, (_, j) => Number(j === place));
  const directions = [unit((7 * index + 1) % size), unit(size - 1 - (index % size)), random(size, index + 1)];
  const expected = directions.map((direction) => gradient.reduce((sum, g, j) => sum + g * direction[j], 0));
  const actual = directions.map((direction) => derivative(model, index, side, direction));
  return relative(expected, actual);
}

/** How far the gradient of a changed model is from the differences of the model. */
function wrong(name: string, change: (model: LoraReference) => Partial<LoraReference>): number {
  const model = MODELS[name];
  const { gradients } = loraReference({ ...model, ...change(model) }, batch, WEIGHT);
  return compare(model, gradients, 0, 'b');
}

const unbiased = (weights: LoraReference['weights']) => new Map([...weights].filter(([name]) => !/bias/.test(name)));

describe('gradients are the loss’s differences', () => {
  test.each(Object.entries(MODELS))('%s', (_, model) => {
    const { loss, gradients } = loraReference(model, batch, WEIGHT);
    expect(loss).toBe(loraLossReference(model, batch, WEIGHT));
    for (const [index, { layer, map, magnitude }] of model.pairs.entries()) {
      if (magnitude) expect(compare(model, gradients, index, 'magnitude'), `dm of ${map}`).toBeLessThan(1e-6);
      expect(compare(model, gradients, index, 'a'), `dA of ${map} in layer ${layer}`).toBeLessThan(1e-6);
      expect(compare(model, gradients, index, 'b'), `dB of ${map} in layer ${layer}`).toBeLessThan(1e-6);
    }
  });

  test('the norms of DoRA are no constants for who differentiates through them', () => {
    const model = MODELS['DoRA with biases, and dropout'];
    const free = { ...model, pairs: model.pairs.map(({ inverse: _inverse, ...pair }) => pair) };
    const { gradients } = loraReference(free, batch, WEIGHT);
    expect(compare(free, gradients, 0, 'magnitude')).toBeLessThan(1e-6);
    expect(compare(free, gradients, 0, 'b')).toBeGreaterThan(1e-2);
  });

  test('others show: without a bias, of another step’s masks, of a wider window', () => {
    expect(
      wrong('a tied head, and biases of q, k and v', ({ weights }) => ({ weights: unbiased(weights) })),
    ).toBeGreaterThan(1e-2);
    expect(wrong('dropout', ({ dropout }) => ({ dropout: { ...dropout!, step: 3 } }))).toBeGreaterThan(1e-2);
    expect(
      wrong('a window of three, and every bias', ({ config }) => ({ config: { ...config, slidingWindow: 4 } })),
    ).toBeGreaterThan(1e-3);
    const { qkNorm: _, ...unnormed } = MODELS['normalized heads'].config;
    expect(wrong('normalized heads', () => ({ config: unnormed }))).toBeGreaterThan(1e-2);
    const gemma = (change: Partial<ModelConfig>) =>
      wrong('what Gemma 3 adds', ({ config }) => ({ config: { ...config, ...change } }));
    expect(gemma({ embeddingScale: 1 })).toBeGreaterThan(1e-3);
    expect(gemma({ activation: 'silu' })).toBeGreaterThan(1e-3);
    expect(gemma({ localRopeTheta: TINY.ropeTheta })).toBeGreaterThan(1e-3);
    const nope = 'a layer without rotary positions';
    expect(wrong(nope, ({ config }) => ({ config: { ...config, nopeLayers: [1] } }))).toBeGreaterThan(1e-2);
  });
});
