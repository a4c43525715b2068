// The parts of the engine that training uses: its stores, its device between the turns of others, its answers.
import { PronkError } from '../../core/errors';
import { lossOr } from '../../gpu/device';
import { positionBytes } from '../../model/inference/kv-cache';
import { GREEDY } from '../../ops/sample/sampling';
import type { Store } from '../../storage/store';
import { createTokenizer } from '../../tokenizer/index';
import type { Adapters } from '../adapters';
import { DEFAULT_CONTEXT } from '../models/defaults';
import { generate } from '../generation/generate';
import { held, type OnHeld } from '../generation/held';
import type { Host } from '../models/host';
import { gpuBudget } from '../models/gpu-budget';
import type { Library } from '../models/library';
import { encodePrompt, type Prompt, promptStops } from '../generation/prompt';
import type { Scheduler } from '../scheduler';
import type { Later } from '../../core/later';
import type { Datasets } from './datasets';
import type { AnswerRequest, TrainingParts } from './parts';
import { TrialMemory } from './trial-memory';

/** Tokens of a sample: enough to see what changed. */
const SAMPLE_TOKENS = 96;

export interface EngineParts {
  readonly store: Store;
  readonly models: Library;
  readonly datasets: Pick<Later<Datasets>, 'get' | 'rows'>;
  readonly adapters: Adapters;
  readonly host: Host;
  readonly scheduler: Scheduler;
  /** Does what needs the device, and waits for one where there is none for now. */
  readonly withDevice: <T>(task: () => Promise<T>) => Promise<T>;
  /** Told of work that a model's own template or tokenizer may never end. */
  readonly onHeld?: OnHeld | undefined;
}

export function trainingParts(parts: EngineParts): TrainingParts {
  const { store, models, datasets, adapters, host, scheduler, withDevice, onHeld } = parts;
  const trials = new WeakMap<GPUDevice, TrialMemory>();
  const trial = (device: GPUDevice) => {
    const made = trials.get(device) ?? new TrialMemory(device);
    trials.set(device, made);
    return made;
  };
  return {
    store,
    async model(id) {
      const model = await models.open(id);
      const { name, config, bytes } = model;
      const fingerprint = await model.fingerprint();
      const tokenizer = held(onHeld, id, () => createTokenizer(model.tokenizer));
      return { name, config, tokenizer, fingerprint, bytes };
    },
    async dataset(id) {
      const { name, editedAt, rows } = await datasets.get(id);
      return { name, editedAt, rows, examples: () => datasets.rows(id) };
    },
    adapter: async (id) => (await adapters.open(id)).adapter,
    keep: async (adapter, from) => (await adapters.keep(adapter, from)).id,

    trainer: (modelId, spec, watched) =>
      withDevice(async () => {
        const release = await scheduler.turn('prefill', watched?.signal);
        try {
          const { gpu, session } = await host.load(modelId);
          trial(gpu.device).forget();
          gpu.device.pushErrorScope('out-of-memory');
          const made = await session
            .createTrainer(spec, (share) => {
              watched?.onSlice(share);
              return scheduler.turn('training', watched?.signal);
            })
            .catch(async (error: unknown) => {
              await gpu.device.popErrorScope().catch(() => undefined);
              throw await lossOr(gpu, error);
            });
          const full = await gpu.device.popErrorScope();
          if (!full && !watched?.signal.aborted) return made;
          made.destroy();
          if (!full) throw watched?.signal.reason;
          const message =
            'The device does not have enough memory for this run beside the model. Nothing was changed; choose a smaller cutoff_len or ' +
            'per_device_train_batch_size, or turn gradient_checkpointing on.';
          throw new PronkError('out-of-memory', message);
        } finally {
          release();
        }
      }),

    async room(modelId) {
      const [gpu, { bytes: weights, config }] = await Promise.all([host.gpu(), models.open(modelId)]);
      const loaded = host.loadedId === modelId ? await host.memory() : undefined;
      // what is kept of other conversations makes way for a run
      const used = loaded && bytesOf(loaded, (purpose) => purpose !== 'weights' && purpose !== 'conversations');
      const context = Math.min(DEFAULT_CONTEXT, config.contextLength);
      const chat = used ?? context * positionBytes(config)[host.precisionOf(modelId, gpu)];
      const limit = gpuBudget(gpu.device.limits.maxBufferSize, gpu.software);
      return {
        chat,
        ...(limit !== undefined && { limit }),
        fits: (bytes) => trial(gpu.device).fits(loaded ? bytes : bytes + weights + chat),
      };
    },

    async answer(request, signal) {
      const release = await scheduler.turn('prefill', signal);
      try {
        const { session, tokenizer } = await host.load(request.modelId);
        const { adapter } = request;
        const used = adapter ? [{ key: crypto.randomUUID(), pairs: adapter.pairs, strength: 1 }] : [];
        await session.setAdapters(used);
        const prompt = promptOf(request, tokenizer.chatTemplate !== undefined);
        const { ids } = held(onHeld, request.modelId, () =>
          encodePrompt(tokenizer, prompt, session.context, SAMPLE_TOKENS),
        );
        const stop = promptStops(tokenizer, prompt);
        const tokens = generate({ session, tokenizer }, ids, {
          sampling: GREEDY,
          maxTokens: SAMPLE_TOKENS,
          stop,
          signal,
        });
        for (;;) {
          const next = await tokens.next();
          if (!next.done) continue;
          signal.throwIfAborted();
          return next.value.text;
        }
      } finally {
        release();
      }
    },
    forgetDevice: () => host.forget(),
    held: (modelId, work) => held(onHeld, modelId, work),
  };
}

/** A prompt as the rows have theirs. */
/** Bytes of some purposes. */
function bytesOf(memory: Readonly<Record<string, number>>, counts: (purpose: string) => boolean): number {
  return Object.entries(memory).reduce((sum, [purpose, bytes]) => sum + (counts(purpose) ? bytes : 0), 0);
}

function promptOf({ kind, prompt, template }: AnswerRequest, hasTemplate: boolean): Prompt {
  if (kind === 'messages') return { kind: 'chat', messages: [{ role: 'user', content: prompt }] };
  if (template) return { kind: 'instruct', instruction: prompt, input: '', template };
  return kind === 'tokens' && hasTemplate
    ? { kind: 'chat', messages: [{ role: 'user', content: prompt }] }
    : { kind: 'raw', text: prompt };
}
