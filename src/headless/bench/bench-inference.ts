// The cost of reading a prompt and of writing a text, as shares of what the same device was measured to do at most.
import type { Gpu } from '../../gpu/device';
import { createSession, type Session } from '../../model/inference/session';
import type { Peak } from '../../ops/peak/peak';
import { GREEDY } from '../../ops/sample/sampling';
import { callsPerToken } from './calls-per-token';
import { fileTuning } from '../node-store/tuning';
import { fourDigits } from '../print';
import type { Prepared } from './prepared';

/** The best of three runs. @param wanted tokens to read, and to write; less where the context is short */
export async function benchInference(
  gpu: Gpu,
  peak: Peak,
  prepared: Prepared,
  wanted: { readonly promptTokens: number; readonly tokens: number },
) {
  const { config, tensors, context, precision, adapters } = prepared;
  const started = performance.now();
  const session = await createSession(gpu, config, tensors, { precision, context, tuning: fileTuning() });
  await session.setAdapters(adapters);
  await session.warmUp();
  console.error(`Loaded and warmed up in ${Math.round(performance.now() - started)} ms`);

  const promptTokens = Math.min(wanted.promptTokens, context - 2);
  const tokens = Math.min(wanted.tokens, context - promptTokens);
  const prompt = Array.from({ length: promptTokens }, (_, i) => (i * 7919 + 3) % config.vocabSize);
  let prefill = Infinity;
  let decode = Infinity;
  for (let run = 0; run < 3; run++) {
    const times = await timed(session, [(run + 1) % config.vocabSize, ...prompt.slice(1)], tokens);
    prefill = Math.min(prefill, times.first);
    decode = Math.min(decode, times.rest / (tokens - 1));
  }
  const bytes = session.cost('decode', 1, promptTokens + tokens / 2, true).bytes;
  const result = {
    precision: session.target.precision,
    shapes: session.choices,
    decode: {
      tokensPerSecond: fourDigits(1000 / decode),
      shareOfBandwidth: fourDigits((bytes * 1000) / decode / peak.bandwidth),
    },
    prefill: {
      tokensPerSecond: fourDigits((promptTokens * 1000) / prefill),
      shareOfPeak: fourDigits((promptFlops(session, promptTokens) * 1000) / prefill / peak.flops),
    },
    perToken: await callsPerToken(session, prompt, tokens - 1),
    memory: session.memory,
  };
  session.destroy();
  return result;
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

/** FLOP of reading a prompt, by what its dispatches must do at least. */
function promptFlops(session: Session, tokens: number): number {
  const { batch } = session.target;
  let flops = 0;
  for (let start = 0; start < tokens; start += batch) {
    const rows = Math.min(batch, tokens - start);
    flops += session.cost('prefill', rows, start, start + rows === tokens).flops;
  }
  return flops;
}
