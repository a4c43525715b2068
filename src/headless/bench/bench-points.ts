// Times of loading, reading prompts and decoding at given lengths, for comparisons with other programs.
import type { Gpu } from '../../gpu/device';
import { createSession, type Session } from '../../model/inference/session';
import { GREEDY } from '../../ops/sample/sampling';
import { fileTuning } from '../node-store/tuning';
import { fourDigits } from '../print';
import type { Prepared } from './prepared';
import { callsPerToken } from './calls-per-token';

export interface Points {
  /** Tokens in the cache when decoding begins. */
  readonly contexts: readonly number[];
  /** Lengths of prompts. */
  readonly prompts: readonly number[];
  /** Tokens that are decoded at each context, after the first. */
  readonly tokens: number;
}

/** The context that a session needs for such points. */
function contextOf({ contexts, prompts, tokens }: Points): number {
  return Math.max(...contexts, ...prompts) + tokens + 2;
}

/** Milliseconds of one run of each point; medians need several calls. */
export async function benchPoints(gpu: Gpu, prepared: Prepared, points: Points) {
  const { config, tensors, precision, adapters } = prepared;
  const { contexts, prompts, tokens } = points;
  const started = performance.now();
  const session = await createSession(gpu, config, tensors, {
    precision,
    context: contextOf(points),
    tuning: fileTuning(),
  });
  await session.setAdapters(adapters);
  const loaded = performance.now();
  const idsOf = (length: number, salt: number) =>
    Array.from({ length }, (_, i) => (i * 7919 + 13 * salt + 3) % config.vocabSize);
  const [first = 128] = prompts;
  await firstToken(session, idsOf(first, 1));
  const answered = performance.now();

  const prefill: Record<string, number> = {};
  for (const [i, length] of prompts.entries()) {
    // the cache has nothing of this prompt, whose first id is another
    prefill[length] = fourDigits(await firstToken(session, idsOf(length, 2 + i)));
  }
  // some drivers compile a pipeline when it is first used
  await session.warmUp();
  const decode: Record<string, number> = {};
  for (const [i, length] of contexts.entries()) {
    const ids = idsOf(length, 100 + i);
    session.assumeRead(ids);
    const generation = session.generate(ids, GREEDY, tokens + 1);
    await generation.next();
    const before = performance.now();
    while (!(await generation.next()).done);
    decode[length] = fourDigits((performance.now() - before) / tokens);
  }
  session.assumeRead(idsOf(first, 200));
  const perToken = await callsPerToken(session, idsOf(first, 200), tokens);
  const result = {
    precision: session.target.precision,
    shapes: session.choices,
    loadMs: fourDigits(loaded - started),
    firstTokenMs: fourDigits(answered - started),
    prefillMs: prefill,
    decodeMs: decode,
    perToken,
    memory: session.memory,
  };
  session.destroy();
  return result;
}

async function firstToken(session: Session, ids: readonly number[]): Promise<number> {
  const before = performance.now();
  for await (const _ of session.generate(ids, GREEDY, 1));
  return performance.now() - before;
}
