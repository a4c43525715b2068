// Counts the calls of WebGPU that a decoded token takes.
import type { Session } from '../../model/inference/session';
import { GREEDY } from '../../ops/sample/sampling';
import { fourDigits } from '../print';
import { census } from './census';

/** WebGPU calls of one decoded token, from the difference of two generations of different lengths. */
export async function callsPerToken(session: Session, prompt: readonly number[], tokens: number) {
  const count = async (length: number) => {
    const { calls } = await census(async () => {
      for await (const _ of session.generate(prompt, GREEDY, length));
    });
    return Object.entries(calls);
  };
  const [short, long] = [await count(1), await count(1 + tokens)];
  return Object.fromEntries(long.map(([name, n], i) => [name, fourDigits((n - short[i][1]) / tokens)]));
}
