// Chooses the kernel shapes of inference at a model's first load on a device: the model's own dispatches are timed with each
// shape, and what was chosen is kept. All shapes compute in the precision that was asked for.
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { encode, type Step } from '../../gpu/kernel';
import { workDone } from '../../gpu/waiting';
import { type Answer, fastest, FIXED, type Question, QUESTIONS } from '../../ops/tune';
import type { KernelTarget } from '../../ops/tuning';
import { buildForward, type LlamaParts } from './llama';

/** Which answer each question has. */
export type Choices = Readonly<Record<string, string>>;

/** Where choices are kept. */
export interface KeptChoices {
  get(key: string): Promise<Choices | undefined>;
  set(key: string, choices: Choices): Promise<void>;
}

export interface Tuning {
  readonly kept: KeptChoices;
  /** Software adapters are asked too, for tests: they have the fixed table otherwise. */
  readonly software?: boolean;
  readonly now?: () => number;
  /** Milliseconds after which nothing new is tried; 700 where it is not given. */
  readonly budget?: number;
}

export interface Tuned {
  readonly target: KernelTarget;
  readonly choices: Choices;
}

const BUDGET = 700;
/** Milliseconds that a run takes at least: shorter ones are repeated. */
const LEAST_RUN = 4;
/** Milliseconds of an empty submission beyond which nothing can be timed. */
const DEAF = 10;
/** Tokens in the cache while a token is timed, and tokens of a prompt. */
const POSITION = 512;
const PROMPT = 128;

/** The target with the shapes that this device is fastest with. */
export async function autotuned(gpu: Gpu, llama: LlamaParts, tuning: Tuning | undefined): Promise<Tuned> {
  const fixed = { target: llama.target, choices: {} };
  if (!tuning || (gpu.software && !tuning.software)) return fixed;
  const key = await keyOf(gpu, llama);
  const known = await tuning.kept.get(key).catch(() => undefined);
  const remembered = known && withChoices(llama.target, known);
  if (remembered) return remembered;
  const { now = () => performance.now(), budget = BUDGET } = tuning;
  const before = now();
  await workDone(gpu.device.queue);
  if (now() - before > DEAF) return fixed;
  // whoever loses the device in a shape finds the table at the next load, and does not try that shape again
  await tuning.kept.set(key, {}).catch(() => undefined);
  let lost = false;
  void gpu.lost.then(() => (lost = true));
  const tuned = await ask(gpu, llama, now, before + budget);
  // on a lost device all shapes take no time
  if (lost) throw new Error('the device was lost while kernel shapes were timed');
  await tuning.kept.set(key, tuned.choices).catch(() => undefined);
  return tuned;
}

async function ask(gpu: Gpu, llama: LlamaParts, now: () => number, until: number): Promise<Tuned> {
  let { target } = llama;
  const choices: Record<string, string> = {};
  for (const question of QUESTIONS) {
    const answers = [{ name: FIXED, target }, ...question.others(target)];
    if (answers.length < 2 || now() > until) continue;
    const stage = new Stage(gpu, llama, question, now);
    try {
      const chosen = await fastest(answers, { run: (answer) => stage.run(answer), now, until });
      choices[question.name] = chosen.name;
      ({ target } = chosen);
    } finally {
      stage.end();
    }
  }
  return { target, choices };
}

/** The target that such answers make; undefined where there is no such answer any more. */
function withChoices(table: KernelTarget, choices: Choices): Tuned | undefined {
  let target = table;
  for (const { name, others } of QUESTIONS) {
    const chosen = choices[name];
    if (chosen === undefined || chosen === FIXED) continue;
    const answer = others(target).find((other) => other.name === chosen);
    if (!answer) return undefined;
    ({ target } = answer);
  }
  return { target, choices };
}

/** Device and driver, as far as they tell, with the model's sizes and weight kinds and the table that the answers stand beside. */
async function keyOf(gpu: Gpu, { config, target, weights: { layers, head } }: LlamaParts): Promise<string> {
  const { training: _, peak: __, ...shapes } = target;
  const agent = (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '';
  const { hiddenSize, intermediateSize, numHeads, numKeyValueHeads, vocabSize } = config;
  const sizes = [hiddenSize, intermediateSize, numHeads, numKeyValueHeads, vocabSize];
  const matrices = [...layers.flatMap(({ qkv, output, gateUp, down }) => [qkv, output, gateUp, down]), head];
  const kinds = [...new Set(matrices.flatMap(({ parts }) => parts.map(({ kind }) => kind)))];
  const text = JSON.stringify([gpu.name, agent, gpu.features, sizes, kinds, shapes]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A forward pass of the model with one shape after the other. Nothing has been read yet, so that what it writes is in nobody's way. */
class Stage {
  readonly #gpu: Gpu;
  readonly #llama: LlamaParts;
  readonly #forward: Question['forward'];
  readonly #now: () => number;
  readonly #buffers: Buffers;
  readonly #steps = new Map<string, Promise<Step[]>>();
  #repeats = 0;

  constructor(gpu: Gpu, llama: LlamaParts, { forward }: Question, now: () => number) {
    this.#gpu = gpu;
    this.#llama = llama;
    this.#forward = forward;
    this.#now = now;
    this.#buffers = new Buffers(gpu.device);
  }

  /** Milliseconds of one pass. */
  async run(answer: Answer): Promise<number> {
    const made = this.#steps.get(answer.name) ?? this.#build(answer);
    this.#steps.set(answer.name, made);
    const steps = await made;
    if (this.#repeats === 0) {
      // the first one compiles, the second one says how long one takes
      await this.#timed(steps, 1);
      this.#repeats = Math.max(1, Math.min(64, Math.ceil(LEAST_RUN / Math.max(0.05, await this.#timed(steps, 1)))));
    }
    return (await this.#timed(steps, this.#repeats)) / this.#repeats;
  }

  async #build({ target }: Answer): Promise<Step[]> {
    const { rotary } = this.#llama;
    const tables = this.#forward === 'decode' ? rotary.token : rotary.prompt;
    const parts = { ...this.#llama, buffers: this.#buffers, target };
    const { body, head } = await buildForward(parts, target[this.#forward], tables);
    return [...body, ...head];
  }

  async #timed(steps: readonly Step[], repeats: number): Promise<number> {
    const { device } = this.#gpu;
    const { activations, cache, target } = this.#llama;
    const rows = this.#forward === 'decode' ? 1 : Math.min(PROMPT, target.batch, cache.context);
    const position = Math.max(0, Math.min(POSITION, cache.context - 1) - rows);
    device.queue.writeBuffer(activations.state, 0, Uint32Array.of(position, rows, 0, 0));
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < repeats; i++) encode(encoder, steps, rows);
    const commands = encoder.finish();
    const started = this.#now();
    device.queue.submit([commands]);
    await workDone(device.queue);
    const took = this.#now() - started;
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    return took;
  }

  end(): void {
    this.#buffers.destroy();
  }
}
