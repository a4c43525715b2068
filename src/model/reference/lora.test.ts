// The float64 reference of training: against PyTorch's float64 gradients, and against itself where batches are cut differently.
import { describe, expect, test, vi } from 'vitest';
import type { RopeScaling } from '../../core/model-config';
import { relative } from '../../ops/testing/numbers';
import type { LoraReference, PairGradient } from './lora-group';
import { loraLossReference, loraReference } from './lora';
import { countTargets, microBatch, type TokenRow } from '../testing/batch';
import { GOLDEN, loraGolden, referenceWeights, sharedGradients } from '../testing/golden';
import { interleavedRows } from '../testing/peft';

// for a busy machine
vi.setConfig({ testTimeout: 60_000 });

const models = await Promise.all(
  GOLDEN.map(async (name) => {
    const golden = await loraGolden(name);
    const weights = await referenceWeights(golden.checkpoint);
    const model: LoraReference = { config: golden.config, weights, pairs: golden.pairs };
    return { name, ...golden, model };
  }),
);
type Golden = (typeof models)[number];

/** The largest relative error of any matrix's gradient. */
function worst(actual: readonly PairGradient[], expected: readonly PairGradient[]): number {
  return Math.max(
    ...expected.flatMap(({ a, b, magnitude }, i) => [
      relative(actual[i].a, a),
      relative(actual[i].b, b),
      magnitude ? relative(actual[i].magnitude ?? [], magnitude) : 0,
    ]),
  );
}

const add = (all: readonly Float64Array[]) => all.reduce((left, right) => left.map((each, i) => each + right[i]));

function summed(parts: readonly { readonly gradients: readonly PairGradient[] }[]): PairGradient[] {
  return parts[0].gradients.map((_, i) => ({
    a: add(parts.map(({ gradients }) => gradients[i].a)),
    b: add(parts.map(({ gradients }) => gradients[i].b)),
    magnitude:
      parts[0].gradients[i].magnitude &&
      add(parts.map(({ gradients }) => gradients[i].magnitude ?? new Float64Array(0))),
  }));
}

describe('loss and gradients are PyTorch’s', () => {
  test.each(models)('$name', ({ model, rows, targets, loss, gradients }) => {
    const actual = loraReference(model, microBatch(rows), 1 / targets);
    expect(Math.abs(actual.loss - loss)).toBeLessThan(1e-12);
    expect(worst(sharedGradients(model.pairs, actual.gradients), gradients)).toBeLessThan(1e-12);
    expect(gradients).toHaveLength(model.pairs.length);
  });
});

describe('against PyTorch it shows when', () => {
  const named = (name: string) => models.find((each) => each.name === name) as Golden;
  const [llama, mistral, ministral3] = [named('tiny-llama'), named('tiny-mistral'), named('tiny-ministral3')];
  const [phi3, qwen3, smollm3] = [named('tiny-phi3'), named('tiny-qwen3'), named('tiny-smollm3')];
  const { rows, targets, model, gradients, loss } = llama;
  const error = (changed: Partial<LoraReference>, batch = microBatch(rows), weight = 1 / targets, golden = llama) => {
    const actual = loraReference({ ...golden.model, ...changed }, batch, weight);
    return worst(sharedGradients(golden.model.pairs, actual.gradients), golden.gradients);
  };
  const withPairs = (change: (pair: LoraReference['pairs'][number]) => Partial<LoraReference['pairs'][number]>) =>
    error({ pairs: model.pairs.map((pair) => ({ ...pair, ...change(pair) })) });

  test('sequences see each other', () => {
    // rotations are relative: only what is seen changes
    const joined: TokenRow = {
      input_ids: rows.flatMap((row) => row.input_ids),
      labels: rows.flatMap((row) => [-100, ...row.labels.slice(1)]),
    };
    expect(countTargets([joined])).toBe(targets);
    expect(error({}, microBatch([joined]))).toBeGreaterThan(1e-2);
  });
  test('the scale is left out', () => {
    expect(withPairs(() => ({ scale: 1 }))).toBeGreaterThan(1e-2);
  });
  test.each(['q_proj', 'k_proj'] as const)('rows of the B of %s are in another order', (map) => {
    const moved = withPairs((pair) =>
      pair.map === map && pair.layer === 1
        ? { b: interleavedRows(Float64Array.from(pair.b), pair.rank, model.config) }
        : {},
    );
    expect(moved).toBeGreaterThan(1e-2);
  });
  test('labels are off by one', () => {
    const late = microBatch(rows.map((row) => ({ ...row, labels: row.labels.slice(1) })));
    const unshifted = microBatch(rows.map((row) => ({ ...row, labels: [-100, ...row.labels] })));
    expect(error({}, late)).toBeGreaterThan(1e-1);
    expect(error({}, unshifted)).toBeGreaterThan(1e-1);
  });
  test('the first label of a row is counted', () => {
    const counted = rows.reduce((sum, row) => sum + row.labels.filter((label) => label >= 0).length, 0);
    expect(counted).toBeGreaterThan(targets);
    expect(error({}, microBatch(rows), 1 / counted)).toBeGreaterThan(1e-2);
  });
  test('a window is off by one', () => {
    const config = { ...mistral.config, slidingWindow: mistral.config.slidingWindow! + 1 };
    expect(error({ config }, microBatch(rows), 1 / targets, mistral)).toBeGreaterThan(1e-2);
  });
  test('queries do not grow', () => {
    const { queryScaling: _, ...config } = ministral3.config;
    expect(error({ config }, microBatch(rows), 1 / targets, ministral3)).toBeGreaterThan(1e-2);
  });
  test('the whole of a head is rotated, or its angles have another magnitude', () => {
    const { rotaryDim: _, ropeScaling, ...config } = phi3.config;
    expect(error({ config }, microBatch(rows), 1 / targets, phi3)).toBeGreaterThan(1e-2);
    const plain = { ...phi3.config, ropeScaling: { ...(ropeScaling as object), attentionFactor: 1 } as RopeScaling };
    expect(error({ config: plain }, microBatch(rows), 1 / targets, phi3)).toBeGreaterThan(1e-2);
  });
  test('heads are not normalized, or by gains in another order', () => {
    const { qkNorm: _, ...config } = qwen3.config;
    expect(error({ config }, microBatch(rows), 1 / targets, qwen3)).toBeGreaterThan(1e-2);
    const weights = new Map(qwen3.model.weights);
    const name = 'model.layers.1.self_attn.q_norm.weight';
    weights.set(name, interleavedRows(Float32Array.from(weights.get(name)!), 1, config));
    expect(error({ weights }, microBatch(rows), 1 / targets, qwen3)).toBeGreaterThan(1e-2);
  });
  test('a layer rotates that does not, or the other way round', () => {
    const nope = (nopeLayers: readonly number[]) =>
      error({ config: { ...smollm3.config, nopeLayers } }, microBatch(rows), 1 / targets, smollm3);
    expect(nope([])).toBeGreaterThan(1e-2);
    expect(nope([2, 3])).toBeGreaterThan(1e-2);
  });
  test('one weight is moved by a thousandth', () => {
    const weights = new Map(model.weights);
    const name = 'model.layers.0.mlp.down_proj.weight';
    weights.set(
      name,
      Float64Array.from(weights.get(name)!, (value, i) => (i === 7 ? value * 1.001 : value)),
    );
    const actual = loraReference({ ...model, weights }, microBatch(rows), 1 / targets);
    expect(Math.abs(actual.loss - loss)).toBeGreaterThan(1e-8);
    expect(worst(actual.gradients, gradients)).toBeGreaterThan(1e-6);
  });
});

const batchOf = (chosen: readonly { row: TokenRow; i: number }[]) =>
  microBatch(
    chosen.map(({ row }) => row),
    chosen.map(({ i }) => i),
  );

describe.each(models)('however a batch is cut, $name', ({ model, rows, targets }) => {
  const weight = 1 / targets;
  const numbered = rows.map((row, i) => ({ row, i }));
  const cuts = {
    'two micro-batches': [numbered.slice(0, 3), numbered.slice(3)],
    'each row alone': numbered.map((each) => [each]),
    'another order': [numbered.toReversed()],
    'without the rows that have no target': [numbered.filter(({ row }) => countTargets([row]) > 0)],
  };
  // masks are drawn from the row's number and the position in it, so that they do not depend on the cut either
  const dropped = { ...model, dropout: { rate: 0.25, seed: 5, step: 3 } };
  const whole = {
    plain: loraReference(model, batchOf(numbered), weight),
    dropped: loraReference(dropped, batchOf(numbered), weight),
  };

  test.each(Object.entries(cuts))('%s', (_, parts) => {
    for (const [one, name] of [
      [model, 'plain'],
      [dropped, 'dropped'],
    ] as const) {
      const results = parts.map((part) => loraReference(one, batchOf(part), weight));
      const loss = results.reduce((sum, result) => sum + result.loss, 0);
      expect(Math.abs(loss - whole[name].loss)).toBeLessThan(1e-12);
      expect(worst(summed(results), whole[name].gradients)).toBeLessThan(1e-12);
    }
  });

  test('rows are not numbered by their place: other numbers are other masks', () => {
    const renumbered = loraReference(dropped, microBatch(rows, [4, 3, 2, 1, 0]), weight);
    expect(worst(renumbered.gradients, whole.dropped.gradients)).toBeGreaterThan(1e-2);
    expect(worst(whole.plain.gradients, whole.dropped.gradients)).toBeGreaterThan(1e-2);
    expect(loraReference(model, microBatch(rows, [4, 3, 2, 1, 0]), weight)).toEqual(whole.plain);
  });

  test('rows without a target give zero, not nothing', () => {
    const { loss, gradients } = loraReference(model, batchOf([numbered[1], numbered[2]]), weight);
    expect(loss).toBe(0);
    expect(gradients.every(({ a, b }) => a.every((x) => x === 0) && b.every((x) => x === 0))).toBe(true);
  });

  test('B of zeros changes nothing, and leaves A without a gradient', () => {
    // a magnitude changes a base without B too
    const pairs = model.pairs.map((pair) => ({ ...pair, b: new Float64Array(pair.b.length), magnitude: undefined }));
    const start = loraReference({ ...model, pairs }, batchOf(numbered), weight);
    expect(start.loss).toBe(loraLossReference({ ...model, pairs: [] }, batchOf(numbered), weight));
    expect(start.gradients.every(({ a, b }) => a.every((x) => x === 0) && b.some((x) => x !== 0))).toBe(true);
  });
});
