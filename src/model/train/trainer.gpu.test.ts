// Training on the GPU against PyTorch and PEFT: exact gradients, 50 steps, and what must not change a bit.
import type { ModelConfig } from '../../core/model-config';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LinearMap, LINEAR_MAPS, linearMapsOf, type LoraPair } from '../../core/adapter';
import { weightTensors } from '../../formats/checkpoint/weights';
import { Buffers } from '../../gpu/buffers';
import { type Gpu, openAdapter } from '../../gpu/device';
import { findAdapter } from '../../headless/dawn';
import { relative } from '../../ops/testing/run';
import type { WeightTensor } from '../../core/weight-kinds';
import { loraReference } from '../reference/lora';
import type { LoraSpec, LoraTrainer, MicroBatch, Turn } from '../lora-types';
import { countTargets, microBatch, type TokenRow } from '../testing/batch';
import { GOLDEN, goldenRun, loraGolden, sharedGradients } from '../testing/golden';
import { GEMMA, OPT_WAYS, randomModel, randomPairs, TINY } from '../testing/random-model';
import { uploadWeights } from '../weights';
import { createLoraTrainer } from './trainer';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openAdapter(await findAdapter());
});

const turn: Turn = async () => () => {};

/** All maps of all layers. */
const everywhere = (layers: number, maps: readonly LinearMap[] = LINEAR_MAPS) =>
  Array.from({ length: layers }, (_, layer) => maps.map((map) => ({ layer, map }))).flat();

/** Runs with a trainer over a model that is on the GPU for as long. */
async function training<Result>(
  config: ModelConfig,
  tensors: readonly WeightTensor[],
  spec: Partial<LoraSpec>,
  task: (trainer: LoraTrainer) => Promise<Result>,
  maxPartBytes?: number,
  software = gpu.software,
): Promise<Result> {
  const buffers = new Buffers(gpu.device);
  const weights = await uploadWeights(buffers, config, tensors, undefined, maxPartBytes);
  const whole: LoraSpec = {
    targets: everywhere(config.numLayers),
    rank: 4,
    scale: 2,
    dropout: 0,
    seed: 1,
    checkpointing: 0,
    tokens: 64,
    ...spec,
  };
  gpu.device.pushErrorScope('validation');
  const trainer = await createLoraTrainer({ gpu: { ...gpu, software }, config, weights }, whole, turn);
  try {
    return await task(trainer);
  } finally {
    trainer.destroy();
    buffers.destroy();
    const error = await gpu.device.popErrorScope();
    expect(error?.message).toBeUndefined();
  }
}

const flat = (pairs: readonly { readonly a: ArrayLike<number>; readonly b: ArrayLike<number> }[]) =>
  Float64Array.from(pairs.flatMap(({ a, b }) => [...Array.from(a), ...Array.from(b)]));

describe.each(GOLDEN)('%s against PyTorch in float64', (name) => {
  const gradients = async (
    change: (pairs: LoraPair[]) => LoraPair[] = (pairs) => pairs,
    spoil?: (batch: MicroBatch) => MicroBatch,
  ) => {
    const golden = await loraGolden(name);
    const { checkpoint, config, rows, targets, pairs } = golden;
    const spec = {
      rank: pairs[0].rank,
      scale: pairs[0].scale,
      targets: pairs.map(({ layer, map }) => ({ layer, map: map as LinearMap })),
      dora: pairs[0].magnitude !== undefined,
    };
    const result = await training(config, weightTensors(checkpoint, 'f32'), spec, async (trainer) => {
      trainer.setPairs(change(pairs));
      const batch = microBatch(rows);
      await trainer.accumulate(spoil?.(batch) ?? batch, 1 / targets, 0);
      const found = sharedGradients(pairs, await trainer.gradients());
      const { loss } = await trainer.update(still);
      return { found, loss };
    });
    return {
      error: relative(flat(result.found), flat(golden.gradients)),
      worst: Math.max(
        ...result.found.flatMap(({ a, b, magnitude }, i) => [
          relative(a, golden.gradients[i].a),
          relative(b, golden.gradients[i].b),
          magnitude?.length ? relative(magnitude, golden.gradients[i].magnitude ?? []) : 0,
        ]),
      ),
      loss: Math.abs(result.loss - golden.loss),
    };
  };

  test('loss, and every gradient', async () => {
    const { error, worst, loss } = await gradients();
    expect(loss).toBeLessThan(1e-5);
    expect(error).toBeLessThan(1e-5);
    expect(worst).toBeLessThan(1e-4);
  });

  test('what is wrong is seen: B twice as large, or labels off by one', async () => {
    const doubled = (pairs: LoraPair[]) =>
      pairs.map((pair, i) => (i === 0 ? { ...pair, b: pair.b.map((x) => 2 * x) } : pair));
    expect((await gradients(doubled)).error).toBeGreaterThan(1e-3);
    const shifted = (batch: MicroBatch) => ({ ...batch, targets: Int32Array.from([...batch.targets.slice(1), -100]) });
    expect((await gradients(undefined, shifted)).error).toBeGreaterThan(1e-2);
  });
});

const still = {
  learningRate: 0,
  ratio: 1,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradNorm: 0,
  count: 1,
};

describe.each(['f32', 'q4'] as const)('50 steps of PEFT on a base in %s', (base) => {
  test('losses, norms, first gradients, merged weights', async () => {
    const run = await goldenRun(base);
    const { training: t } = run;
    const tensors = weightTensors(run.checkpoint, base);
    const spec = { rank: run.lora.r, scale: run.lora.lora_alpha / run.lora.r, tokens: 256 };
    await training(run.config, tensors, spec, async (trainer) => {
      trainer.setPairs(run.start);
      for (const [i, golden] of run.log.entries()) {
        const micros = run.order[i].map((rows) => rows.map((row) => run.rows[row]));
        const targets = countTargets(micros.flat());
        expect(targets).toBe(golden.targets);
        for (const [n, rows] of micros.entries())
          await trainer.accumulate(microBatch(rows, run.order[i][n]), 1 / targets, i);
        if (i === 0) expect(relative(flat(await trainer.gradients()), flat(run.firstGradients))).toBeLessThan(1e-4);
        const { loss, gradNorm, skipped } = await trainer.update({
          learningRate: golden.learningRate,
          ratio: 1,
          weightDecay: t.weight_decay,
          beta1: t.adam_beta1,
          beta2: t.adam_beta2,
          epsilon: t.adam_epsilon,
          maxGradNorm: t.max_grad_norm,
          count: i + 1,
        });
        expect(skipped).toBe(false);
        expect(Math.abs(loss - golden.loss), `loss of step ${i + 1}`).toBeLessThan(1e-3);
        expect(Math.abs(gradNorm / golden.gradNorm - 1), `norm of step ${i + 1}`).toBeLessThan(1e-2);
      }
      expect(relative(flat(await trainer.pairs()), flat(run.end))).toBeLessThan(1e-3);
    });
  });
});

// their pipelines take a software driver more than a minute, and each op's own test goes over them
test.skipIf(!process.env['PRONK_LONG'])(
  'the kernels for hardware, in tiles and with shared sums (skipped but in test:long)',
  async () => {
    const { checkpoint, config, rows, targets, pairs, gradients } = await loraGolden('tiny-llama');
    const [{ rank, scale }] = pairs as [LoraPair];
    const found = await training(
      config,
      weightTensors(checkpoint, 'f32'),
      { rank, scale },
      async (trainer) => {
        trainer.setPairs(pairs);
        await trainer.accumulate(microBatch(rows), 1 / targets, 0);
        return trainer.gradients();
      },
      undefined,
      false,
    );
    expect(relative(flat(found), flat(gradients))).toBeLessThan(1e-5);
  },
);

const ROWS: TokenRow[] = [23, 1, 14, 9].map((length, row) => {
  const input_ids = Array.from({ length }, (_, t) => (t * 37 + row * 11 + 5) % 131);
  return { input_ids, labels: input_ids.map((id, t) => (t < 3 ? -100 : id)) };
});
const BATCH = microBatch(ROWS);
const WEIGHT = 1 / countTargets(ROWS);

/** Gradients and loss of one batch, far from the start. */
function once(
  spec: Partial<LoraSpec> = {},
  batches: readonly MicroBatch[] = [BATCH],
  {
    config = { ...TINY, numLayers: 3 } as ModelConfig,
    maxPartBytes = undefined as number | undefined,
    kind = 'q4' as const,
  } = {},
) {
  const { tensors } = randomModel(config, kind);
  const maps = spec.targets ? [...new Set(spec.targets.map(({ map }) => map))] : LINEAR_MAPS;
  const layers = spec.targets && [...new Set(spec.targets.map(({ layer }) => layer))];
  const rank = spec.rank ?? 4;
  const pairs = randomPairs(config, { rank, scale: 2, maps, ...(layers && { layers }) });
  return training(
    config,
    tensors,
    { targets: everywhere(config.numLayers), ...spec },
    async (trainer) => {
      trainer.setPairs(pairs);
      for (const batch of batches) await trainer.accumulate(batch, WEIGHT, 5);
      const found = flat(await trainer.gradients());
      const { loss } = await trainer.update(still);
      return { found, loss };
    },
    maxPartBytes,
  );
}

describe('bit for bit', () => {
  test('recomputing each layer, or every second, or nothing', async () => {
    const off = await once({ dropout: 0.1 });
    expect(await once({ dropout: 0.1, checkpointing: 1 })).toEqual(off);
    expect(await once({ dropout: 0.1, checkpointing: 2 })).toEqual(off);
    expect(relative(off.found, (await once()).found)).toBeGreaterThan(1e-2);
  });

  test('twice the same, with more room than tokens', async () => {
    const first = await once();
    expect(await once()).toEqual(first);
    expect(await once({ tokens: 100 })).toEqual(first);
  });

  test('an adapter whose B is zero, and the base', async () => {
    const { tensors } = randomModel(TINY, 'q4');
    const loss = (factor: number) =>
      training(TINY, tensors, {}, async (trainer) => {
        const pairs = randomPairs(TINY, { rank: 4, scale: 2 });
        trainer.setPairs(pairs.map((pair, i) => ({ ...pair, b: pair.b.map((x) => (i === 5 ? factor * x : 0)) })));
        return (await trainer.evaluate(BATCH)).loss;
      });
    const other = await training(
      TINY,
      tensors,
      { rank: 1, targets: [{ layer: 1, map: 'up_proj' }] },
      async (trainer) => {
        return (await trainer.evaluate(BATCH)).loss;
      },
    );
    expect(await loss(0)).toBe(other);
    expect(await loss(0.01)).not.toBe(other);
  });

  test('layers below the lowest trained one keep nothing', async () => {
    const all = everywhere(3);
    const top = all.filter(({ layer }) => layer === 2);
    const memory = (targets: LoraSpec['targets']) =>
      training(
        { ...TINY, numLayers: 3 },
        randomModel({ ...TINY, numLayers: 3 }, 'q4').tensors,
        { targets },
        async (t) => t.memory,
      );
    expect((await memory(top)).activations * 3).toBe((await memory(all)).activations);
  });
});

describe('what Gemma 3 adds', () => {
  const config = { ...TINY, ...GEMMA, numLayers: 3, windowLayers: [0, 2] };

  test('gradients are those of the float64 reference, recomputed or not', async () => {
    const { reference } = randomModel(config, 'q4');
    const pairs = randomPairs(config, { rank: 4, scale: 2 });
    const error = (found: Float64Array, change: Partial<ModelConfig> = {}) => {
      const of = { ...config, ...change };
      return relative(found, flat(loraReference({ config: of, weights: reference, pairs }, BATCH, WEIGHT).gradients));
    };
    const whole = await once({}, [BATCH], { config });
    expect(error(whole.found)).toBeLessThan(1e-5);
    expect(await once({ checkpointing: 1 }, [BATCH], { config })).toEqual(whole);
    expect(await once({ checkpointing: 2 }, [BATCH], { config })).toEqual(whole);
    expect(error(whole.found, { localRopeTheta: config.ropeTheta })).toBeGreaterThan(1e-3);
    expect(error(whole.found, { embeddingScale: 1 })).toBeGreaterThan(1e-3);
    expect(error(whole.found, { activation: 'silu' })).toBeGreaterThan(1e-3);
  });
});

describe('normalized heads, and a layer without rotary positions', () => {
  const config = { ...TINY, numLayers: 3, qkNorm: true as const, nopeLayers: [1] };

  test('gradients are those of the float64 reference, recomputed or not', async () => {
    const { reference } = randomModel(config, 'q4');
    const pairs = randomPairs(config, { rank: 4, scale: 2 });
    const error = (found: Float64Array, of: ModelConfig) =>
      relative(found, flat(loraReference({ config: of, weights: reference, pairs }, BATCH, WEIGHT).gradients));
    const whole = await once({}, [BATCH], { config });
    expect(error(whole.found, config)).toBeLessThan(1e-5);
    expect(await once({ checkpointing: 1 }, [BATCH], { config })).toEqual(whole);
    expect(error(whole.found, { ...config, nopeLayers: [2] })).toBeGreaterThan(1e-2);
    const { qkNorm: _, ...unnormed } = config;
    expect(error(whole.found, unnormed)).toBeGreaterThan(1e-2);
  });
});

describe('OPT’s ways', () => {
  const config: ModelConfig = { ...TINY, ...OPT_WAYS, numLayers: 3, numKeyValueHeads: 6, tieWordEmbeddings: true };

  test('gradients are those of the float64 reference, recomputed or not', async () => {
    const { reference } = randomModel(config, 'q4');
    const pairs = randomPairs(config, { rank: 4, scale: 2 });
    const expected = (of: ModelConfig) =>
      flat(loraReference({ config: of, weights: reference, pairs }, BATCH, WEIGHT).gradients);
    const spec = { targets: everywhere(3, linearMapsOf(config)) };
    const whole = await once(spec, [BATCH], { config });
    expect(relative(whole.found, expected(config))).toBeLessThan(1e-5);
    expect(await once({ ...spec, checkpointing: 1 }, [BATCH], { config })).toEqual(whole);
    const { layerNorm: _, ...rms } = config;
    expect(relative(whole.found, expected(rms))).toBeGreaterThan(1e-2);
    const { learnedPositions: __, ...rotated } = config;
    expect(relative(whole.found, expected(rotated))).toBeGreaterThan(1e-2);
  });
});

describe('the same but for rounding', () => {
  test('one batch or several', async () => {
    const whole = await once();
    const parts = ROWS.map((row, i) => microBatch([row], [i]));
    const apart = await once({}, parts);
    expect(relative(apart.found, whole.found)).toBeLessThan(1e-5);
    expect(Math.abs(apart.loss - whole.loss)).toBeLessThan(1e-5);
  });

  test('masks go with a row, not with its place in the batch', async () => {
    const order = [2, 0, 3, 1];
    const moved = microBatch(
      order.map((i) => ROWS[i]),
      order,
    );
    const dropout = { dropout: 0.3 };
    expect(relative((await once(dropout, [moved])).found, (await once(dropout)).found)).toBeLessThan(1e-5);
    // numbered by place they are others
    const renumbered = microBatch(order.map((i) => ROWS[i]));
    expect(relative((await once(dropout, [renumbered])).found, (await once(dropout)).found)).toBeGreaterThan(1e-2);
  });

  test('the loss in chunks of any size', async () => {
    const whole = await once();
    expect(relative((await once({ chunk: 5 })).found, whole.found)).toBeLessThan(1e-5);
    expect(relative((await once({ chunk: 1 })).found, whole.found)).toBeLessThan(1e-5);
  });

  test('matrices in parts', async () => {
    const whole = await once();
    const cut = await once({}, [BATCH], { maxPartBytes: 1000 });
    expect(relative(cut.found, whole.found)).toBeLessThan(1e-5);
  });
});

test('a subset of maps and layers has the gradients that it has among all', async () => {
  const chosen = everywhere(3).filter(({ layer, map }) => layer > 0 && /^(k_proj|v_proj|up_proj)$/.test(map));
  const { tensors } = randomModel({ ...TINY, numLayers: 3 }, 'f32');
  const config = { ...TINY, numLayers: 3 };
  const pairs = randomPairs(config, { rank: 3, scale: 2 });
  const some = pairs.filter(({ layer, map }) => chosen.some((each) => each.layer === layer && each.map === map));
  const gradients = (targets: LoraSpec['targets'], given: LoraPair[]) =>
    training(config, tensors, { targets, rank: 3 }, async (trainer) => {
      trainer.setPairs(given);
      await trainer.accumulate(BATCH, WEIGHT, 0);
      return trainer.gradients();
    });
  // those that are left out add nothing: B is zero
  const silent = pairs.map((pair) => (some.includes(pair) ? pair : { ...pair, b: pair.b.map(() => 0) }));
  const all = await gradients(everywhere(3), silent);
  const few = await gradients(chosen, some);
  const among = all.filter((_, i) => some.includes(pairs[i]));
  expect(few).toHaveLength(6);
  expect(relative(flat(few), flat(among))).toBeLessThan(1e-6);
});

test('a state that was saved goes on bit for bit', async () => {
  const { tensors } = randomModel(TINY, 'q8');
  const steps = async (trainer: LoraTrainer, from: number, to: number) => {
    const losses: number[] = [];
    for (let i = from; i < to; i++) {
      await trainer.accumulate(microBatch([ROWS[i % 4], ROWS[(i + 2) % 4]], [i % 4, (i + 2) % 4]), 0.05, i);
      const { loss, gradNorm } = await trainer.update({ ...still, learningRate: 0.01, maxGradNorm: 1, count: i + 1 });
      losses.push(loss, gradNorm);
    }
    return losses;
  };
  const spec = { dropout: 0.1 };
  const [losses, end] = await training(
    TINY,
    tensors,
    spec,
    async (t) => [await steps(t, 0, 6), await t.state()] as const,
  );
  const saved = await training(TINY, tensors, spec, async (t) => {
    await steps(t, 0, 3);
    return t.state();
  });
  await training(TINY, tensors, spec, async (trainer) => {
    trainer.restore(saved);
    expect(await steps(trainer, 3, 6)).toEqual(losses.slice(6));
    expect(await trainer.state()).toEqual(end);
  });
  // without the moments it goes elsewhere
  await training(TINY, tensors, spec, async (trainer) => {
    trainer.restore({ ...saved, first: saved.first.map(() => 0) });
    expect(await steps(trainer, 3, 6)).not.toEqual(losses.slice(6));
  });
});

test('DoRA begins as the base, learns, and goes on bit for bit from a state', async () => {
  const { tensors } = randomModel(TINY, 'q8', ['q_proj', 'k_proj', 'v_proj']);
  const steps = async (trainer: LoraTrainer, from: number, to: number) => {
    const losses: number[] = [];
    for (let i = from; i < to; i++) {
      await trainer.accumulate(BATCH, 1 / countTargets(ROWS), i);
      losses.push((await trainer.update({ ...still, learningRate: 0.01, maxGradNorm: 1, count: i + 1 })).loss);
    }
    return losses;
  };
  const spec = { dora: true, checkpointing: 1, dropout: 0.1 };
  const base = await training(TINY, tensors, {}, async (t) => (await t.evaluate(BATCH)).loss);
  const [losses, end, magnitudes] = await training(TINY, tensors, spec, async (trainer) => {
    // m / norm is 1 to the last bits
    expect(Math.abs((await trainer.evaluate(BATCH)).loss / base - 1)).toBeLessThan(1e-6);
    const before = (await trainer.pairs()).map(({ magnitude }) => magnitude);
    expect(before.every((each) => each?.every((value) => value > 0))).toBe(true);
    const all = await steps(trainer, 0, 4);
    const after = (await trainer.pairs()).map(({ magnitude }) => magnitude);
    expect(after).not.toEqual(before);
    return [all, await trainer.state(), after] as const;
  });
  expect(losses[3]).toBeLessThan(losses[0]);
  const saved = await training(TINY, tensors, { ...spec, checkpointing: 0 }, async (trainer) => {
    await steps(trainer, 0, 2);
    return trainer.state();
  });
  // cut otherwise, recomputed otherwise
  await training(TINY, tensors, spec, async (trainer) => {
    trainer.restore(saved);
    expect(await steps(trainer, 2, 4)).toEqual(losses.slice(2));
    expect(await trainer.state()).toEqual(end);
    expect((await trainer.pairs()).map(({ magnitude }) => magnitude)).toEqual(magnitudes);
    // a plain adapter is none of this run's
    const plain = (await trainer.pairs()).map((pair) => ({ ...pair, magnitude: undefined }));
    expect(() => trainer.setPairs(plain)).toThrow(/use_dora/);
  });
});

test('a validation is the loss without a gradient', async () => {
  const { tensors } = randomModel(TINY, 'q4');
  await training(TINY, tensors, { dropout: 0.5 }, async (trainer) => {
    const { loss, targets } = await trainer.evaluate(BATCH);
    expect(targets).toBe(countTargets(ROWS));
    // B is zero: dropout changes nothing
    await trainer.accumulate(BATCH, 1 / targets, 0);
    const before = await trainer.gradients();
    await trainer.evaluate(BATCH);
    expect(await trainer.gradients()).toEqual(before);
    expect((await trainer.update(still)).loss).toBeCloseTo(loss / targets, 5);
  });
});

test('a gradient that is not finite changes nothing, and is told', async () => {
  const { tensors } = randomModel(TINY, 'q4');
  await training(TINY, tensors, {}, async (trainer) => {
    await trainer.accumulate(BATCH, WEIGHT, 0);
    await trainer.update({ ...still, learningRate: 0.1 });
    const before = await trainer.state();
    await trainer.accumulate(BATCH, Infinity, 1);
    const { skipped } = await trainer.update({ ...still, learningRate: 0.1, count: 2 });
    expect(skipped).toBe(true);
    expect(await trainer.state()).toEqual(before);
    await trainer.accumulate(BATCH, WEIGHT, 1);
    expect((await trainer.update({ ...still, learningRate: 0.1, count: 2 })).skipped).toBe(false);
    expect(await trainer.state()).not.toEqual(before);
  });
});

test('what the GPU holds is what the plan says', async () => {
  const { tensors } = randomModel(TINY, 'q4');
  const buffers = new Buffers(gpu.device);
  const weights = await uploadWeights(buffers, TINY, tensors);
  const made: number[] = [];
  const create = gpu.device.createBuffer.bind(gpu.device);
  gpu.device.createBuffer = (descriptor) => {
    made.push(descriptor.size);
    return create(descriptor);
  };
  try {
    const spec = { targets: everywhere(2), rank: 8, scale: 1, dropout: 0, seed: 1, checkpointing: 0, tokens: 200 };
    const trainer = await createLoraTrainer({ gpu, config: TINY, weights }, spec, turn);
    const planned = Object.values(trainer.memory).reduce((sum, bytes) => sum + bytes, 0);
    const actual = made.reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(actual / planned - 1)).toBeLessThan(0.1);
    trainer.destroy();
  } finally {
    gpu.device.createBuffer = create;
    buffers.destroy();
  }
});
