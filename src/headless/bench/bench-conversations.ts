// The cost of going back to a conversation that another one was read after: kept beside the cache, or read again.
import type { Gpu } from '../../gpu/device';
import { cacheBytes } from '../../model/inference/kv-cache';
import { createSession, type Session } from '../../model/inference/session';
import { GREEDY } from '../../ops/sample/sampling';
import { fourDigits } from '../print';
import type { Prepared } from './prepared';

/** Milliseconds to the first token of a question more, the best of three runs. @param wanted tokens of a conversation */
export async function benchConversations(gpu: Gpu, prepared: Prepared, wanted: number) {
  const { config, tensors, context, precision } = prepared;
  const tokens = Math.min(wanted, context - 4);
  const measure = async (contexts: number) => {
    const keep = { contexts, bytes: Infinity };
    const session = await createSession(gpu, config, tensors, { precision, context, keep });
    await session.warmUp();
    const [first, second] = [1, 2].map((seed) => textOf(seed, tokens, config.vocabSize));
    const back = [...(first ?? []), 5];
    let best = { ms: Infinity, read: 0 };
    for (let run = 0; run < 3; run++) {
      await firstToken(session, first ?? []);
      await firstToken(session, second ?? []);
      const read = back.length - session.cachedPrefix(back);
      const ms = await firstToken(session, back);
      if (ms < best.ms) best = { ms, read };
    }
    const keptBytes = session.memory['conversations'] ?? 0;
    const bytesPerToken = cacheBytes(config, 1, session.target.cache);
    session.destroy();
    return { tokensRead: best.read, firstTokenMs: fourDigits(best.ms), keptBytes, bytesPerToken };
  };
  const { bytesPerToken, ...kept } = await measure(2);
  const { tokensRead, firstTokenMs } = await measure(0);
  return { tokens, bytesPerToken, kept, again: { tokensRead, firstTokenMs } };
}

const textOf = (seed: number, length: number, vocabulary: number) =>
  Array.from({ length }, (_, i) => (i * 7919 + seed * 31 + 3) % vocabulary);

async function firstToken(session: Session, prompt: readonly number[]): Promise<number> {
  const started = performance.now();
  for await (const _ of session.generate(prompt, GREEDY, 1));
  return performance.now() - started;
}
