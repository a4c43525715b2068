// ONNX Runtime under Node with its WebGPU provider: one run of each point, as one line of JSON.
// Usage: node bench/peers/onnx.mjs '{"peers": DIR, "model": PATH, "shape": {…}, "contexts": […], "prompts": […], "tokens": N}'
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { peers, model, shape, contexts, prompts, tokens, provider = 'webgpu' } = JSON.parse(process.argv[2]);
const ort = createRequire(join(peers, 'package.json'))('onnxruntime-node');
const { numLayers: L, numKeyValueHeads: K, headDim: d, vocabSize: V } = shape;
const names = (prefix) =>
  Array.from({ length: L }, (_, layer) => [`${prefix}.${layer}.key`, `${prefix}.${layer}.value`]).flat();
const past = names('past_key_values');
const present = names('present');
const onDevice = provider === 'webgpu' ? Object.fromEntries(present.map((name) => [name, 'gpu-buffer'])) : undefined;

const started = performance.now();
const session = await ort.InferenceSession.create(model, {
  executionProviders: [provider],
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  ...(onDevice && { preferredOutputLocation: { ...onDevice, logits: 'cpu' } }),
});
const loaded = performance.now();

/** A cache that holds `length` positions, all of them zero. */
const cacheOf = (length) =>
  Object.fromEntries(
    past.map((name) => [name, new ort.Tensor('float32', new Float32Array(K * length * d), [1, K, length, d])]),
  );

/** Runs the model on ids after those in the cache; gives the likeliest next id and the cache with the ids. */
async function read(ids, cache, total) {
  const out = await session.run({
    input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: new ort.Tensor('int64', new BigInt64Array(total).fill(1n), [1, total]),
    ...cache,
  });
  const logits = out.logits.data.subarray((ids.length - 1) * V);
  let best = 0;
  for (let i = 1; i < V; i++) if (logits[i] > logits[best]) best = i;
  for (const name of past) cache[name].dispose?.();
  return { best, cache: Object.fromEntries(past.map((name, i) => [name, out[present[i]]])) };
}

const timed = async (task) => {
  const before = performance.now();
  await task();
  return performance.now() - before;
};
const idsOf = (length, salt) => Array.from({ length }, (_, i) => (i * 7919 + 13 * salt + 3) % V);

const [first = 128] = prompts;
await read(idsOf(first, 1), cacheOf(0), first);
const answered = performance.now();
const prefillMs = {};
for (const length of prompts) prefillMs[length] = await timed(() => read(idsOf(length, 2), cacheOf(0), length));
const decodeMs = {};
for (const length of contexts) {
  // the first runs compile kernels, and bring the cache to the device
  let state = await read([5], cacheOf(length), length + 1);
  state = await read([state.best], state.cache, length + 2);
  decodeMs[length] =
    (await timed(async () => {
      for (let i = 0; i < tokens; i++) state = await read([state.best], state.cache, length + 3 + i);
    })) / tokens;
}
console.log(JSON.stringify({ loadMs: loaded - started, firstTokenMs: answered - started, prefillMs, decodeMs }));
process.exit(0);
