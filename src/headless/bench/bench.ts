// `bench`: what a device does, as shares of what it was measured to do at most, in the same run.
import { choice, number, parseOptions, UsageError } from '../arguments';
import { fourDigits, type Print } from '../print';
import { openDevice } from '../engine';
import { FAST, LOAD_OPTIONS } from '../input/load-options';
import { type FamilyName, FAMILY_NAMES } from './paper/families';
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
    paper: choice(FAMILY_NAMES),
    points: 'flag',
    contexts: 'text',
    prompts: 'text',
    layers: number({ min: 1, whole: true }),
    'write-gguf': 'text',
    train: 'flag',
    rank: number({ min: 1, whole: true, default: 8 }),
    checkpointing: number({ min: 0, whole: true, default: 0 }),
    steps: number({ min: 1, whole: true, default: 3 }),
  });
  const prepared =
    options.shape === undefined
      ? await preparedModel({ model: 'demo', ...options })
      : await preparedShape(options.shape, options, options.layers);
  const path = options['write-gguf'];
  if (path !== undefined) {
    const { writeMadeGguf } = await import('./made-gguf');
    return print({ path, bytes: await writeMadeGguf(path, prepared) });
  }
  const gpu = await openDevice();
  if (options.paper) return print(await onPaper(options.paper));
  const { 'prompt-tokens': promptTokens = 256, tokens } = options;
  const peakOf = async () => (await import('../../ops/peak/peak')).measurePeak(gpu);
  print({
    adapter: gpu.name,
    ...(options.points ? await atPoints() : await inference()),
    ...(options.conversations && (await conversations())),
    ...(options.train && (await training())),
  });

  async function onPaper(family: FamilyName) {
    const { benchPaper } = await import('./paper/bench-paper');
    const { rank, checkpointing, train = false } = options;
    const promptTokens = options['prompt-tokens'] ?? (train ? 512 : 1024);
    return benchPaper(gpu, prepared, { family, promptTokens, train, rank, checkpointing });
  }

  async function inference() {
    const { benchInference } = await import('./bench-inference');
    const peak = await peakOf();
    return {
      peak: { bandwidth: fourDigits(peak.bandwidth), flops: fourDigits(peak.flops) },
      ...(await benchInference(gpu, peak, prepared, { promptTokens, tokens })),
    };
  }

  async function atPoints() {
    const { benchPoints } = await import('./bench-points');
    const contexts = lengths(options.contexts ?? '128', 'contexts');
    const prompts = lengths(options.prompts ?? '128', 'prompts');
    return benchPoints(gpu, prepared, { contexts, prompts, tokens });
  }

  async function conversations() {
    const { benchConversations } = await import('./bench-conversations');
    return { conversations: await benchConversations(gpu, prepared, promptTokens) };
  }

  async function training() {
    const { benchProducts } = await import('./bench-products');
    const { benchTraining } = await import('./bench-train');
    const { rank, checkpointing, steps } = options;
    const length = Math.min(options['prompt-tokens'] ?? 512, prepared.config.contextLength);
    const peak = await peakOf();
    return {
      train: await benchTraining(gpu, peak, prepared, { tokens: length, rank, checkpointing, steps }),
      ...(!options.points && { products: await benchProducts(gpu, peak, ['f32', 'f16', 'q8', 'q4'], length) }),
    };
  }
}

/** Lengths in a list such as `128,1024`, as numbers. */
function lengths(text: string, name: string): number[] {
  const values = text.split(',').map(Number);
  if (values.every((value) => Number.isSafeInteger(value) && value > 0)) return values;
  throw new UsageError(`--${name} needs whole numbers with commas between them, as in 128,1024, not ${text}.`);
}
