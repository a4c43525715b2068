// What a GPU would compute, made up: words instead of a model's, losses of a toy. Everything else of a toy page is real; this
// alone cannot be, since neither Node nor a browser without WebGPU has a device.
import type { LoraPair } from '../../core/adapter';
import type { TrainingParts } from '../../engine/training/parts';
import type { Gpu } from '../../gpu/device';
import { randomPairs } from '../../model/testing/random-model';
import { toyTrainer } from '../../training/testing/toy-trainer';
import type { GenerateRequest, GenerationVerbs, WorkerEvent } from '../contract';
import { TOY } from './toy-model';

const ANSWER = `Alpacas are **small camelids** from the Andes, kept for their fleece.

1. They live in herds.
2. They hum when they are curious.
3. They *pronk*: a leap with all four feet, for joy.

\`\`\`python
def pronk(times: int) -> None:
    for leap in range(times):
        print(f"leap {leap}")
\`\`\`

| Fleece | Staple |
|---|---:|
| Huacaya | 10 cm |
| Suri | 15 cm |

> Two breeds, one temper. See [the article](https://en.wikipedia.org/wiki/Alpaca).`;

/** Bytes that training may take beside the model. */
const ROOM = 13e6;

export const wait = (milliseconds: number) => new Promise<void>((settle) => setTimeout(settle, milliseconds));

/** A device in name only. */
export const toyGpu: Gpu = {
  device: { limits: { maxBufferSize: 256 << 20 }, destroy: () => {} } as unknown as GPUDevice,
  name: 'Google SwiftShader',
  software: true,
  features: { f16: false, subgroups: true },
  lost: new Promise(() => {}),
};

/**
 * Generation word by word, a word a token.
 * @param delay milliseconds of a word
 * @param loaded resolves when the model is there
 */
export function toyGeneration(
  emit: (event: WorkerEvent) => void,
  delay: number,
  loaded: () => Promise<void>,
): GenerationVerbs {
  const stopped = new Set<string>();

  async function run({ id, prompt, sampling, begun = [] }: GenerateRequest): Promise<void> {
    await loaded();
    const started = performance.now();
    const words = ANSWER.split(/(?<=\s)/);
    const known = typeof begun === 'string' ? begun.split(/(?<=\s)/).length : begun.length;
    const end = Math.min(words.length, known + sampling.maxTokens);
    let tokens = 0;
    for (let at = known; at < end && !stopped.has(id); at++) {
      await wait(delay);
      // the first piece of an answer that is continued is all of it so far
      const from = tokens++ === 0 ? 0 : at;
      const ids = [...words.keys()].slice(from, at + 1);
      const text = ids.map((i) => words[i]).join('');
      emit({ type: 'text', id, text, ids, tokens, tokensPerSecond: 1000 / Math.max(1, delay) });
    }
    const droppedMessages = prompt.kind === 'chat' ? Math.max(0, prompt.messages.length - 5) : 0;
    const timing = { promptTokens: 20, cachedTokens: 0, completionTokens: known + tokens, droppedMessages };
    emit({
      type: 'done',
      id,
      finish: stopped.has(id) ? 'abort' : end < words.length ? 'length' : 'stop',
      timing: { ...timing, firstTokenMs: 312, tokensPerSecond: (tokens * 1000) / (performance.now() - started) },
    });
  }

  return {
    start: async (request) => void run(request),
    stop: async (id) => void stopped.add(id),
  };
}

/** Pairs that fit the toy model, as an adapter has them. */
export const toyPairs = (): LoraPair[] => randomPairs(TOY, { rank: 2, scale: 1, maps: ['q_proj', 'v_proj'] });

/** Training with a trainer that needs no device. @param pace milliseconds of a step */
export const toyTraining =
  (pace: number) =>
  (parts: TrainingParts): TrainingParts => ({
    ...parts,
    trainer: async (_, { dropout, seed }) =>
      toyTrainer({
        vocabulary: 16,
        dropout,
        seed,
        before: (operation) => (operation === 'update' ? wait(pace) : undefined),
      }),
    room: async () => ({ chat: 9_400_000, limit: 2 * ROOM, fits: async (bytes) => bytes <= ROOM }),
    answer: async ({ prompt, adapter }) =>
      adapter ? `Hum. ${prompt.replace('?', '')}, you ask: of course. Pronk!` : 'Alpacas are animals.',
    // the toy's own numbers fit no model
    keep: (adapter, from) => parts.keep({ ...adapter, pairs: toyPairs() }, from),
  });
