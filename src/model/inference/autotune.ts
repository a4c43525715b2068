// Chooses the kernel shapes of inference at a model's first load on a device, by the time that the model's own
// dispatches take with each, and keeps the choice; later loads try the shapes that were left. All shapes compute in the
// precision that was asked for.
import type { Gpu } from '../../gpu/device';
import { workDone } from '../../gpu/waiting';
import { type Answer, fastest, FIXED, type Question, QUESTIONS } from '../../ops/tune';
import type { KernelTarget } from '../../ops/tuning';
import type { LlamaParts } from './llama';
import { Stage } from './stage';

/** The name of the answer to each question. */
export type Choices = Readonly<Record<string, string>>;

/** The record of a device's choices and of the kernel shapes that were tried on it. */
export interface Asked {
  /** The best answers so far. */
  readonly choices: Choices;
  /** Names of the answers to each question that were compared with the best one before them. */
  readonly tried: Readonly<Record<string, readonly string[]>>;
  /** Number of loads that began to ask, whether they finished or not, without those that their caller cut off. */
  readonly attempts: number;
}

/** The store of such records. */
export interface KeptChoices {
  get(key: string): Promise<Asked | undefined>;
  set(key: string, asked: Asked): Promise<void>;
}

export interface Tuning {
  readonly kept: KeptChoices;
  /** Whether software adapters are tuned too, which tests need; otherwise they have the fixed table. */
  readonly software?: boolean;
  readonly now?: () => number;
  /** Milliseconds after which no further shape is tried; 700 when left out. */
  readonly budget?: number;
}

export interface Tuned {
  readonly target: KernelTarget;
  readonly choices: Choices;
}

const BUDGET = 700;
/** Most loads that try shapes on a device. */
const ATTEMPTS = 3;
/** Milliseconds that an empty submission may take; beyond them nothing can be timed. */
const DEAF = 10;

/** The target with the fastest shapes for this device. @throws the signal's reason, between two measurements */
export async function autotuned(
  gpu: Gpu,
  llama: LlamaParts,
  tuning: Tuning | undefined,
  signal?: AbortSignal,
): Promise<Tuned> {
  const { target: table } = llama;
  if (!tuning || (gpu.software && !tuning.software)) return { target: table, choices: {} };
  const { kept, now = () => performance.now(), budget = BUDGET } = tuning;
  const key = await keyOf(gpu, llama);
  const found = await kept.get(key).catch(() => undefined);
  const known = found && withChoices(table, found.choices);
  const asked: Asked = known && found ? found : { choices: {}, tried: {}, attempts: 0 };
  const before = known ?? { target: table, choices: {} };
  const open = QUESTIONS.some((question) => answersOf(question, table, asked).others.length > 0);
  if (!open || asked.attempts >= ATTEMPTS) return before;
  const started = now();
  await workDone(gpu.device.queue);
  if (now() - started > DEAF) return before;
  const save = (record: Asked) => kept.set(key, record).catch(() => undefined);
  return ask(gpu, llama, asked, { now, until: started + budget, signal, save });
}

interface Asking {
  readonly now: () => number;
  /** Time after which no further shape is tried. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly save: (asked: Asked) => Promise<void>;
}

/**
 * Tries the shapes that are left. Each is recorded before it is run, so that one that loses the device is not tried
 * again.
 */
async function ask(gpu: Gpu, llama: LlamaParts, asked: Asked, { now, until, signal, save }: Asking): Promise<Tuned> {
  let { target } = llama;
  const choices: Record<string, string> = { ...asked.choices };
  const tried: Record<string, readonly string[]> = { ...asked.tried };
  let lost = false;
  void gpu.lost.then(() => (lost = true));
  const check = () => {
    // on a lost device all shapes seem to take no time
    if (lost) throw new Error('the device was lost while kernel shapes were timed');
    signal?.throwIfAborted();
  };
  const note = (attempts: number) => save({ choices: { ...choices }, tried: { ...tried }, attempts });
  await note(asked.attempts + 1);
  const over = () => lost || Boolean(signal?.aborted) || now() > until;
  try {
    for (const question of QUESTIONS) {
      const { name } = question;
      const { best, others } = answersOf(question, target, { choices, tried });
      ({ target } = best);
      if (others.length === 0 || over()) continue;
      const stage = new Stage(gpu, llama, question, { now, signal });
      const run = async (answer: Answer) => {
        check();
        const before = tried[name] ?? [];
        if (others.includes(answer) && !before.includes(answer.name)) {
          tried[name] = [...before, answer.name];
          await note(asked.attempts + 1);
        }
        return stage.run(answer);
      };
      const found = (better: Answer) => void (choices[name] = better.name);
      try {
        const chosen = await fastest([best, ...others], { run, over, found });
        // the last one may have been cut off
        if (signal?.aborted) tried[name] = (tried[name] ?? []).slice(0, -1);
        check();
        choices[name] = chosen.name;
        ({ target } = chosen);
      } finally {
        stage.end();
      }
    }
    check();
  } catch (error) {
    if (!lost && signal?.aborted) await note(asked.attempts);
    throw error;
  }
  await note(asked.attempts + 1);
  return { target, choices };
}

/**
 * The best answer to a question so far, and the answers that have not been tried.
 * @param target with the table's answer to it
 */
function answersOf({ name, others }: Question, target: KernelTarget, { choices, tried }: Omit<Asked, 'attempts'>) {
  const all = others(target);
  const fixed: Answer = { name: FIXED, target };
  const best = all.find((answer) => answer.name === choices[name]) ?? fixed;
  const open = all.filter((answer) => answer !== best && !tried[name]?.includes(answer.name));
  return { best, others: open };
}

/** The target with these choices; undefined where one of them does not exist any more. */
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

/**
 * The key of a record: device and driver, as far as they are known, the model's sizes and weight kinds, the fixed
 * table, and the digest of the kernels from tools/kernel-digest.ts.
 */
async function keyOf(gpu: Gpu, { config, target, weights: { layers, head } }: LlamaParts): Promise<string> {
  const { training: _, peak: __, ...shapes } = target;
  const agent = (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '';
  const { hiddenSize, intermediateSize, numHeads, numKeyValueHeads, vocabSize } = config;
  const sizes = [hiddenSize, intermediateSize, numHeads, numKeyValueHeads, vocabSize];
  const matrices = [...layers.flatMap(({ qkv, output, gateUp, down }) => [qkv, output, gateUp, down]), head];
  const kinds = [...new Set(matrices.flatMap(({ parts }) => parts.map(({ kind }) => kind)))];
  const kernels: unknown = import.meta.env.VITE_KERNELS;
  const text = JSON.stringify([kernels, gpu.name, agent, gpu.features, sizes, kinds, shapes]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
