// `bench --paper FAMILY`: a model's kernels as the compiler of an AMD GPU that is not there makes them, and lower
// bounds of the times of a token, a prompt and a training step by a model of the card.
import type { Gpu } from '../../../gpu/device';
import { createSession } from '../../../model/inference/session';
import { GREEDY } from '../../../ops/sample/sampling';
import { fourDigits } from '../../print';
import { trainerOf } from '../bench-train';
import type { Prepared } from '../prepared';
import { DISPATCH, FAMILIES, type FamilyName } from './families';
import { Counter, type KernelOnPaper, together } from './model';
import { type Dispatch, Recorder } from './record';
import { table } from './table';

/** Options of a benchmark on paper. */
interface Wanted {
  readonly family: FamilyName;
  /** Tokens in the cache before the token, and tokens of a training step. */
  readonly promptTokens: number;
  readonly train: boolean;
  readonly rank: number;
  readonly checkpointing: number;
}

export async function benchPaper(gpu: Gpu, prepared: Prepared, wanted: Wanted) {
  const recorder = new Recorder();
  const counter = new Counter();
  const passes = wanted.train
    ? { step: await trainingStep(gpu, recorder, prepared, wanted) }
    : await inference(gpu, recorder, prepared, wanted.promptTokens);
  recorder.end();
  const card = FAMILIES[wanted.family];
  const result: Record<string, object> = {};
  for (const [name, dispatches] of Object.entries(passes)) {
    const kernels = together(
      dispatches.map((each) => counter.counts(each)),
      card,
    );
    console.error(`\n${name}, ${wanted.family} (${card.card}), a model and not a measurement\n${table(kernels)}`);
    result[name] = { ...summary(kernels, card.bandwidth), kernels: kernels.map(told) };
  }
  return { paper: wanted.family, card: card.card, promptTokens: wanted.promptTokens, ...result };
}

/** The kernels of a prompt, and of the token behind it. */
async function inference(gpu: Gpu, recorder: Recorder, prepared: Prepared, wanted: number) {
  const { config, tensors, context, precision, adapters } = prepared;
  const session = await createSession(gpu, config, tensors, { precision, context });
  await session.setAdapters(adapters);
  await session.warmUp();
  const promptTokens = Math.min(wanted, context - 2);
  const prompt = (first: number) =>
    Array.from({ length: promptTokens }, (_, i) => (i * 7919 + first) % config.vocabSize);
  const dispatches = (first: number, tokens: number) =>
    recorder.during(async () => {
      for await (const _ of session.generate(prompt(first), GREEDY, tokens));
    });
  const prefill = await dispatches(1, 1);
  recorder.state = [promptTokens, 1, 1, 0];
  const both = await dispatches(2, 2);
  recorder.state = undefined;
  session.destroy();
  return { prefill, decode: both.slice(prefill.length) };
}

async function trainingStep(gpu: Gpu, recorder: Recorder, prepared: Prepared, wanted: Wanted): Promise<Dispatch[]> {
  const tokens = Math.min(wanted.promptTokens, prepared.config.contextLength);
  const { step, destroy } = await trainerOf(gpu, prepared, { ...wanted, tokens });
  await step(1);
  const dispatches = await recorder.during(() => step(2));
  destroy();
  return dispatches;
}

/** A kernel's entry in the JSON output. */
function told({ counts, dispatches, bound }: KernelOnPaper) {
  const { label, grid, threads, wave, registers, wavesPerSimd, shared, work, assumed, endless } = counts;
  return {
    label,
    dispatches,
    grid,
    threads,
    wave,
    registers,
    wavesPerSimd,
    spilled: counts.spilled + counts.scratch,
    shared,
    vectorPerWork: fourDigits(counts.vector / work),
    innerPerWork: fourDigits(counts.inner / work),
    bytesPerAccess: fourDigits(counts.bytesPerAccess),
    boundUs: fourDigits(bound.seconds * 1e6),
    assumed: assumed > 0,
    endless,
  };
}

/** The sums over a whole pass. */
function summary(kernels: readonly KernelOnPaper[], bandwidth: number) {
  const sum = (of: (kernel: KernelOnPaper) => number) =>
    kernels.reduce((total, kernel) => total + kernel.dispatches * of(kernel), 0);
  const dispatches = sum(() => 1);
  const kernelSeconds = sum((each) => each.bound.seconds);
  const bytesSeconds = sum((each) => each.counts.bytes) / bandwidth;
  const seconds = kernelSeconds + dispatches * DISPATCH;
  return {
    dispatches,
    boundMs: fourDigits(seconds * 1e3),
    kernelsMs: fourDigits(kernelSeconds * 1e3),
    bytesMs: fourDigits(bytesSeconds * 1e3),
    shareOfBytes: fourDigits(bytesSeconds / seconds),
    shareOfMultiplyAdds: fourDigits(sum((each) => each.counts.multiplyAdds) / sum((each) => each.counts.vector)),
  };
}
