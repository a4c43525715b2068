// Cases of the sampler's two dispatches over chunks for the search for data races.
import { sampleParams } from '../sample/sample';
import { sampleChunks } from '../sample/sample-chunks';
import { inChunks, sortChunks } from '../sample/sort-chunks';
import { GREEDY, type Sampling } from '../sample/sampling';
import { random } from './numbers';
import type { RaceCase } from './races';
import { TARGETS, workOf } from './run';

const VARIANT = { chunk: 1024 } as const;
const VOCABULARY = 2100;
const SAMPLING: Sampling = { ...GREEDY, temperature: 1, topK: 900, topP: 0.9, seed: 3 };
const params = sampleParams(VOCABULARY, SAMPLING, 4, VARIANT.chunk);
const logits = random(VOCABULARY, 1);
const seen = new Uint32Array(Math.ceil(VOCABULARY / 32));
const slots = inChunks(VOCABULARY, VARIANT);

const sorting = (): RaceCase => ({
  ...workOf(sortChunks, VARIANT, TARGETS.hardware, {
    bind: { logits, seen, sorted: new Uint32Array(slots), masses: new Float32Array(slots) },
    params,
    count: 1,
  }),
  outputs: ['sorted', 'masses'],
  // the barriers whose absence this driver shows: not those of greedy sampling, nor those between a thread and its
  // neighbours
  needed: [2, 3, 6, 7],
});

const drawing = (): RaceCase => {
  const sorted = new Uint32Array(slots);
  const masses = new Float32Array(slots);
  for (const [i, chunk] of sortChunks.reference(logits, SAMPLING.temperature, VARIANT).entries()) {
    const bits = new Uint32Array(Float32Array.from(chunk.sorted).buffer);
    sorted.set(
      bits.map((each) => (each >>> 31 ? ~each : each ^ 0x80000000)),
      i * VARIANT.chunk,
    );
    masses.set(chunk.masses, i * VARIANT.chunk);
  }
  return {
    ...workOf(sampleChunks, VARIANT, TARGETS.hardware, {
      bind: { logits, seen, ids: new Uint32Array(1), outputs: new Uint32Array(4), sorted, masses },
      params,
      count: 1,
    }),
    outputs: ['outputs'],
    needed: [2, 4],
  };
};

export const sampleRaces = { sorting, drawing };
