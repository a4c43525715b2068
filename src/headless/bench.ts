// `bench`: decode and prefill as shares of what the same device was measured to do at most, in the same run.
import type { Session } from '../model/session';
import { GREEDY } from '../ops/sample';
import { codeBytes, scaleBytes, type WeightTensor } from '../quant/kinds';
import { parseOptions, UsageError } from './arguments';
import { census } from './census';
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
  const { createSession } = await import('../model/session');
  const peak = await measurePeak(gpu);
  if (options.train) {
    const { benchProducts } = await import('./bench-products');
    const { benchTraining } = await import('./bench-train');
    const tokens = Math.min(options['prompt-tokens'] ?? 512, prepared.config.contextLength);
    print({
      adapter: gpu.name,
      peak: { bandwidth: round(peak.bandwidth), flops: round(peak.flops) },
      train: await benchTraining(gpu, peak, prepared, {
        tokens,
        rank: options.rank ?? 8,
        checkpointing: options.checkpointing ?? 0,
        steps: options.steps ?? 3,
      }),
      products: await benchProducts(gpu, peak, ['f32', 'f16', 'q8', 'q4'], tokens),
    });
    return;
  }
  const { config, tensors, context, precision, adapters } = prepared;
  const started = performance.now();
  const session = await createSession(gpu, config, tensors, { precision, context });
  await session.setAdapters(adapters);
  await session.warmUp();
  console.error(`Loaded and warmed up in ${Math.round(performance.now() - started)} ms`);

  const promptTokens = Math.min(options['prompt-tokens'] ?? 256, context - 2);
  const tokens = Math.min(options.tokens ?? 64, context - promptTokens);
  const prompt = Array.from({ length: promptTokens }, (_, i) => (i * 7919 + 3) % config.vocabularySize);
  const { matrixBytes, matrixWeights, headWeights } = work(tensors, config.tiedHead);
  let prefill = Infinity;
  let decode = Infinity;
  for (let run = 0; run < 3; run++) {
    const times = await timed(session, [(run + 1) % config.vocabularySize, ...prompt.slice(1)], tokens);
    prefill = Math.min(prefill, times.first);
    decode = Math.min(decode, times.rest / (tokens - 1));
  }
  // the head multiplies one token only; every other matrix all of them
  const flop = 2 * ((matrixWeights - headWeights) * promptTokens + headWeights);
  const cacheBytes = cachedBytes(session, promptTokens + tokens / 2);
  print({
    adapter: gpu.name,
    precision: session.tuning.precision,
    peak: { bandwidth: round(peak.bandwidth), flops: round(peak.flops) },
    decode: {
      tokensPerSecond: round(1000 / decode),
      shareOfBandwidth: round(((matrixBytes + cacheBytes) * 1000) / decode / peak.bandwidth),
    },
    prefill: {
      tokensPerSecond: round((promptTokens * 1000) / prefill),
      shareOfPeak: round((flop * 1000) / prefill / peak.flops),
    },
    perToken: await callsPerToken(session, prompt, tokens - 1),
    memory: session.memory,
  });
  session.destroy();
}

async function shaped(options: Parameters<typeof checkedOptions>[0] & { shape?: string }): Promise<Prepared> {
  const shape = SHAPES[options.shape ?? ''];
  if (!shape) throw new UsageError(`--shape is one of ${Object.keys(SHAPES).join(', ')}, not ${options.shape}.`);
  const { quantize, precision, contextFor } = checkedOptions(options, 'fast');
  const { config, tensors } = synthetic(shape, quantize);
  const adapters = await usedAdapters(options, config);
  return { config, tensors, precision, context: contextFor(config), adapters };
}

/** Milliseconds to the first token, and from there to the last. */
async function timed(session: Session, prompt: readonly number[], tokens: number) {
  const started = performance.now();
  const generation = session.generate(prompt, GREEDY, tokens);
  await generation.next();
  const first = performance.now();
  while (!(await generation.next()).done);
  return { first: first - started, rest: performance.now() - first };
}

/** The calls of one decoded token: of two generations that differ in length, the difference. */
async function callsPerToken(session: Session, prompt: readonly number[], tokens: number) {
  const count = async (length: number) => {
    const { calls } = await census(async () => {
      for await (const _ of session.generate(prompt, GREEDY, length));
    });
    return Object.entries(calls);
  };
  const [short, long] = [await count(1), await count(1 + tokens)];
  return Object.fromEntries(long.map(([name, n], i) => [name, round((n - short[i]![1]) / tokens)]));
}

/** What a token reads and multiplies. */
function work(tensors: readonly WeightTensor[], tiedHead: boolean) {
  const matrices = tensors.filter(({ rows }) => rows > 1);
  // of an embedding that is not the head too, a token reads one row
  const read = matrices.filter(({ name }) => tiedHead || name !== 'model.embed_tokens.weight');
  const sum = (count: (tensor: WeightTensor) => number) => read.reduce((total, tensor) => total + count(tensor), 0);
  const head = tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return {
    matrixBytes: sum(({ kind, rows, columns }) => rows * codeBytes(kind, columns) + scaleBytes(kind, rows, columns)),
    matrixWeights: sum(({ rows, columns }) => rows * columns),
    headWeights: matrices.filter(({ name }) => name === head).reduce((n, { rows, columns }) => n + rows * columns, 0),
  };
}

/** Bytes of keys and values before a position. */
function cachedBytes({ config, tuning }: Session, position: number): number {
  const { layers, keyValueHeads, headWidth } = config;
  return 2 * layers * keyValueHeads * headWidth * position * (tuning.cache === 'f16' ? 2 : 4);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
