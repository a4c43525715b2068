// A client without a worker, for looking at the page (`?fake`) and for tests. Never part of a build.
import type { GenerateRequest, ModelSummary, Stored } from '../../worker/contract';
import type { Client, ClientEvent } from '../../worker/client';
import { fakeImports } from './fake-imports';
import { fakeTraining } from './fake-training';

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

export const fakeModel = (id: string, values: Partial<ModelSummary> = {}): ModelSummary => ({
  id,
  name: 'Pronk 6M',
  architecture: 'llama',
  parameters: 6_160_000,
  contextLength: 512,
  vocabSize: 4096,
  bytes: 6_560_000,
  quantization: 'q8',
  source: 'Comes with Pronk',
  licence: 'MIT',
  bundled: true,
  addedAt: Date.now(),
  usedAt: Date.now(),
  ...values,
});

const wait = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));

/**
 * `delay`: milliseconds of a token; `gpu`: what `start` finds; `slow`: milliseconds of an import; `pending`: one was left;
 * `step`: milliseconds of a training step; `trained`: there are rows, runs and an adapter.
 */
export function createFake({
  delay = 25,
  gpu = true,
  load = 1500,
  slow = 8000,
  pending = false,
  step = 200,
  trained = false,
} = {}): Client & {
  emit(event: ClientEvent): void;
} {
  const listeners = new Set<(event: ClientEvent) => void>();
  const emit = (event: ClientEvent) => listeners.forEach((listener) => listener(event));
  const records = { chats: new Map<string, Stored>(), runs: new Map<string, Stored>() };
  const stopped = new Set<string>();
  let models: ModelSummary[] = [];
  let loaded: Promise<void> | undefined;

  async function doLoad(id: string, context = 512): Promise<void> {
    const total = 7_600_000;
    for (let done = 0; done < 10; done++) {
      emit({ type: 'progress', task: 'load', id, stage: 'Loading', done: (done * total) / 10, total });
      await wait(load / 10);
    }
    emit({ type: 'loaded', modelId: id, context, ms: load, hasTemplate: id !== 'open' });
    emit({
      type: 'device',
      device: {
        name: 'Google SwiftShader',
        software: true,
        features: ['subgroups'],
        memory: { weights: 7_600_000, 'kv cache': 9_400_000, scratch: 1_200_000 },
      },
    });
  }

  async function run({ id, prompt, sampling, begun = [] }: GenerateRequest): Promise<void> {
    await loaded;
    const started = performance.now();
    const words = ANSWER.split(/(?<=\s)/);
    const known = typeof begun === 'string' ? begun.split(/(?<=\s)/).length : begun.length;
    const end = Math.min(words.length, known + sampling.maxTokens);
    let tokens = 0;
    for (let at = known; at < end && !stopped.has(id); at++) {
      await wait(delay);
      // the first piece of an answer that is gone on with is all of it so far
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

  setTimeout(() => {
    if (!gpu) {
      emit({
        type: 'start-failed',
        error: { code: 'no-webgpu', message: 'This browser has no WebGPU. Chrome, Edge and Safari have it.' },
      });
      return;
    }
    models = [
      ...models,
      fakeModel('bundled'),
      fakeModel('open', {
        name: 'open_llama_3b',
        parameters: 3_426_000_000,
        bytes: 3_640_000_000,
        contextLength: 2048,
        source: 'open_llama_3b-q8_0.gguf',
        licence: 'apache-2.0',
        bundled: false,
        quality: { relativeError: { q_proj: 0.0051, k_proj: 0.0052, up_proj: 0.0049, embed_tokens: 0.0048 } },
      }),
    ];
    emit({ type: 'models', models });
    emit({ type: 'started' });
  }, 300);

  const imported = fakeImports({
    emit,
    time: slow,
    pending,
    make: fakeModel,
    add(model) {
      models = [model, ...models];
      emit({ type: 'models', models });
    },
    change(id, values) {
      models = models.map((model) => (model.id === id ? { ...model, ...values } : model));
      emit({ type: 'models', models });
    },
  });

  return {
    emit,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart: () => emit({ type: 'restarted' }),
    ...fakeTraining({ emit, step, seeded: trained }),
    ...imported,
    models: {
      ...imported.models,
      list: async () => models,
      load: (id, options) => (loaded = doLoad(id, options?.context)),
      async rename(id, name) {
        models = models.map((model) => (model.id === id ? { ...model, name } : model));
        emit({ type: 'models', models });
      },
      async remove(id) {
        models = models.filter((model) => model.id !== id);
        emit({ type: 'models', models });
      },
    },
    storage: {
      estimate: async () => ({
        usage: 3_650_000_000,
        room: { bytes: 17_350_000_000, told: true, small: false },
        persisted: false,
      }),
      persist: async () => true,
    },
    generation: {
      start: async (request) => void run(request),
      stop: async (id) => void stopped.add(id),
    },
    device: { ask: async () => {} },
    prompts: {
      preview: async (_, prompt) =>
        prompt.kind === 'instruct'
          ? prompt.template.prompt_input
              .replace('{instruction}', () => prompt.instruction)
              .replace('{input}', () => prompt.input)
          : '',
      // a word is a token, and the form takes ten
      async measure(_, prompt) {
        const said = prompt.kind === 'chat' ? prompt.messages.map(({ content }) => content).join(' ') : '';
        return { tokens: 10 + said.split(/\s+/).filter(Boolean).length, droppedMessages: 0 };
      },
      templates: async () => [
        {
          name: 'alpaca',
          description: 'Alpaca-LoRA and most models tuned on Alpaca data.',
          prompt_input:
            'Below is an instruction.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n',
          prompt_no_input: 'Below is an instruction.\n\n### Instruction:\n{instruction}\n\n### Response:\n',
          response_split: '### Response:',
        },
      ],
    },
    records: {
      list: async (kind) => [...records[kind].values()],
      get: async (kind, id) => structuredClone(records[kind].get(id)),
      put: async (kind, record) => void records[kind].set(record.id, structuredClone(record)),
      delete: async (kind, id) => void records[kind].delete(id),
    },
  };
}
