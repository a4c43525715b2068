// `bench`: what a device does, as shares of what it was measured to do at most, in the same run.
import { parseOptions, UsageError } from './arguments';
import { fourDigits } from './digits';
import { checkedOptions, LOAD_OPTIONS, openDevice, type Prepared, prepare, usedAdapters } from './load';
import type { Print } from './print';
import { SHAPES, synthetic } from './shapes';

export async function bench(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, {
    ...LOAD_OPTIONS,
    shape: 'text',
    'prompt-tokens': 'number',
    tokens: 'number',
    train: 'flag',
    rank: 'number',
    checkpointing: 'number',
    steps: 'number',
  });
  const prepared =
    options.shape === undefined ? await prepare({ model: 'demo', ...options }, 'fast') : await shaped(options);
  const gpu = await openDevice();
  const { measurePeak } = await import('../ops/peak');
  const { benchInference } = await import('./bench-inference');
  const peak = await measurePeak(gpu);
  const { 'prompt-tokens': promptTokens, tokens } = options;
  print({
    adapter: gpu.name,
    peak: { bandwidth: fourDigits(peak.bandwidth), flops: fourDigits(peak.flops) },
    ...(await benchInference(gpu, peak, prepared, { promptTokens: promptTokens ?? 256, tokens: tokens ?? 64 })),
    ...(options.train && (await training())),
  });

  async function training() {
    const { benchProducts } = await import('./bench-products');
    const { benchTraining } = await import('./bench-train');
    const { rank = 8, checkpointing = 0, steps = 3 } = options;
    const length = Math.min(promptTokens ?? 512, prepared.config.contextLength);
    return {
      train: await benchTraining(gpu, peak, prepared, { tokens: length, rank, checkpointing, steps }),
      products: await benchProducts(gpu, peak, ['f32', 'f16', 'q8', 'q4'], length),
    };
  }
}

async function shaped(options: Parameters<typeof checkedOptions>[0] & { shape?: string }): Promise<Prepared> {
  const shape = SHAPES[options.shape ?? ''];
  if (!shape) throw new UsageError(`--shape is one of ${Object.keys(SHAPES).join(', ')}, not ${options.shape}.`);
  const { quantize, precision, contextFor } = checkedOptions(options, 'fast');
  const { config, tensors } = synthetic(shape, quantize);
  const adapters = await usedAdapters(options, config);
  return { config, tensors, precision, context: contextFor(config), adapters };
}
