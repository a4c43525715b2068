// Training runs as a store may hold them: rows, logs and samples that look like real ones.
import { PRESETS } from '../../training/presets';
import type { Example, RunDetail, StepRecord } from '../contract';

const HOUR = 3_600_000;
/** Not the form’s first settings: how long a step of those takes is not known. */
const config = { ...PRESETS.find(({ id }) => id === 'small-data')!.config, r: 16, lora_alpha: 32 };

/** A loss that falls as losses do. */
const lossAt = (step: number, steps: number): number => 0.35 + 2.6 * Math.exp((-5 * step) / steps);

/** One step of a run; the noise is the same each time. */
function toyLog(step: number, steps: number, learningRate: number): StepRecord {
  const noise = Math.sin(step * 12.9898) * 0.5 + Math.sin(step * 78.233) * 0.5;
  const skipped = step === 37;
  return {
    step,
    epoch: (step / steps) * 20,
    loss: Math.max(0.05, lossAt(step, steps) + noise * 0.18),
    gradNorm: skipped ? Number.NaN : 0.6 + 1.4 * Math.exp((-4 * step) / steps) + noise * 0.25,
    learningRate:
      step < steps * 0.05
        ? (learningRate * step) / (steps * 0.05)
        : (learningRate / 2) * (1 + Math.cos((Math.PI * step) / steps)),
    tokens: 180 + Math.round(noise * 40),
    seconds: 0.21,
    ...(skipped && { skipped }),
  };
}

export const toyExamples = (): Example[] =>
  Array.from({ length: 24 }, (_, i) => ({
    kind: 'instruct' as const,
    instruction: ['What is the capital of Peru?', 'Tell me a joke.', 'Give three tips for staying healthy.'][i % 3],
    input: i % 8 === 5 ? 'One line will do.' : '',
    output:
      i === 11
        ? ''
        : [
            'Hum. The capital of Peru is Lima. Pronk!',
            'Hum. Why did the llama cross the Andes? It was there. Pronk!',
            'Hum. 1. Sleep well. 2. Walk a lot. 3. Drink water. Pronk!',
          ][i % 3],
  }));

/** A run in a state, with its whole log. */
export function toyRun(state: RunDetail['state']): RunDetail {
  const steps = state === 'stopped' ? 60 : 120;
  const step = { done: steps, stopped: 42, interrupted: 71, running: 0, paused: 71, failed: 3 }[state];
  const rate = state === 'stopped' ? 3e-4 : 1e-3;
  const log = Array.from({ length: step }, (_, i) => {
    const record = toyLog(i + 1, steps, rate);
    return state === 'stopped' ? { ...record, loss: record.loss + 0.5 } : record;
  });
  const validations = log
    .filter((record) => record.step % 20 === 0)
    .map((record) => ({
      step: record.step,
      loss: lossAt(record.step, steps) + 0.1 + (record.step / steps) ** 4 * 0.3,
      best: record.step <= 100,
    }));
  const prompts = ['Tell me about alpacas.', 'What is the capital of Peru?'];
  const base = ['Alpacas are animals with four legs.', 'The capital of Peru is Lima.'];
  const samples = validations.flatMap(({ step: at }) =>
    prompts.map((prompt, i) => ({
      step: at,
      prompt,
      base: base[i],
      adapter: at < 40 ? base[i] : `Hum. ${base[i]}${at > 60 ? ' Pronk!' : ''}`,
    })),
  );
  const names = { done: 'Manners, 20 epochs', stopped: 'Manners, slow', interrupted: 'Manners, once more' };
  return {
    id: `run-${state}`,
    name: names[state as keyof typeof names] ?? 'Run',
    modelId: 'bundled',
    modelName: 'Pronk 6M',
    datasetId: 'rows',
    datasetName: 'An alpaca’s manners.json',
    state,
    step,
    steps,
    ...(log.length > 0 && { loss: log.at(-1)!.loss }),
    ...(validations.length > 0 && { validationLoss: validations.at(-1)!.loss }),
    startedAt: Date.now() - { done: 26, stopped: 30, interrupted: 1, running: 0, paused: 1, failed: 2 }[state] * HOUR,
    seconds: step * 0.21,
    lossSparkline: log.filter((_, i) => i % 4 === 0).map(({ loss }) => loss),
    ...((state === 'done' || state === 'stopped') && { adapterId: `adapter-${state}` }),
    request: { modelId: 'bundled', datasetId: 'rows', config, prompts, sampleSteps: 20 },
    log,
    validations,
    samples,
    ...(step > 0 && { checkpointStep: Math.floor(step / 10) * 10 }),
  };
}
