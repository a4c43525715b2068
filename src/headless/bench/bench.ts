// `bench`: what a device does, as shares of what it was measured to do at most, in the same run.
import { choice, number, parseOptions } from '../arguments';
import { fourDigits, type Print } from '../print';
import { openDevice } from '../engine';
import { FAST, LOAD_OPTIONS } from '../input/load-options';
import { preparedModel, preparedShape } from './prepared';
import { SHAPE_NAMES } from './shapes';

export async function bench(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, {
    ...LOAD_OPTIONS,
    precision: FAST,
    shape: choice(SHAPE_NAMES),
    'prompt-tokens': number({ min: 1, whole: true }),
    tokens: number({ min: 1, whole: true, default: 64 }),
    conversations: 'flag',
    train: 'flag',
    rank: number({ min: 1, whole: true, default: 8 }),
    checkpointing: number({ min: 0, whole: true, default: 0 }),
    steps: number({ min: 1, whole: true, default: 3 }),
  });
  const prepared =
    options.shape === undefined
      ? await preparedModel({ model: 'demo', ...options })
      : await preparedShape(options.shape, options);
  const gpu = await openDevice();
  const { measurePeak } = await import('../../ops/peak/peak');
  const { benchInference } = await import('./bench-inference');
  const peak = await measurePeak(gpu);
  const { 'prompt-tokens': promptTokens, tokens } = options;
  print({
    adapter: gpu.name,
    peak: { bandwidth: fourDigits(peak.bandwidth), flops: fourDigits(peak.flops) },
    ...(await benchInference(gpu, peak, prepared, { promptTokens: promptTokens ?? 256, tokens })),
    ...(options.conversations && (await conversations(promptTokens ?? 256))),
    ...(options.train && (await training())),
  });

  async function conversations(length: number) {
    const { benchConversations } = await import('./bench-conversations');
    return { conversations: await benchConversations(gpu, prepared, length) };
  }

  async function training() {
    const { benchProducts } = await import('./bench-products');
    const { benchTraining } = await import('./bench-train');
    const { rank, checkpointing, steps } = options;
    const length = Math.min(promptTokens ?? 512, prepared.config.contextLength);
    return {
      train: await benchTraining(gpu, peak, prepared, { tokens: length, rank, checkpointing, steps }),
      products: await benchProducts(gpu, peak, ['f32', 'f16', 'q8', 'q4'], length),
    };
  }
}
