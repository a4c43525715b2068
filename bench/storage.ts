// What storage.mjs runs in the browser: importing and loading against their stages alone, in bytes a second.
import { hasNonFinite } from '../src/engine/import/finite';
import type { GivenSource } from '../src/engine/import/identity';
import { createEngine } from '../src/engine/index';
import { expectedTensors } from '../src/formats/llama-config';
import { blobSource, bytesSource } from '../src/formats/source';
import { windows } from '../src/formats/stream';
import { encSource, sha256Of, xorSource } from '../src/formats/xor';
import { packRows, repackRows } from '../src/quant/repack';
import { indexedDbStore } from '../src/storage/indexeddb';
import { writeShard } from '../src/storage/shards';
import { openStoredModel } from '../src/storage/stored-model';
import { workerHashers } from '../src/worker/hashers';

const config = {
  model_type: 'llama',
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  vocab_size: 512,
  tie_word_embeddings: true,
};
const BATCH = 16 << 20;

const timed = async (bytes: number, task: () => Promise<unknown>) => {
  const started = performance.now();
  await task();
  return Math.round((bytes * 1000) / (performance.now() - started));
};

/** Random weights in a safetensors file, as a Blob. */
function model(): { blob: Blob; values: Float32Array<ArrayBuffer> } {
  const shapes = expectedTensors({
    architecture: 'llama',
    vocabularySize: config.vocab_size,
    width: config.hidden_size,
    feedForwardWidth: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_attention_heads,
    headWidth: config.hidden_size / config.num_attention_heads,
    contextLength: 2048,
    normEpsilon: 1e-5,
    ropeTheta: 10_000,
    tiedHead: true,
  });
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, [rows, columns]] of shapes) {
    const start = end;
    end += rows * columns * 4;
    header[name] = { dtype: 'F32', shape: rows === 1 ? [columns] : [rows, columns], data_offsets: [start, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(json.length), true);
  const values = Float32Array.from({ length: BATCH / 4 }, () => (Math.random() - 0.5) * 0.08);
  const parts: BlobPart[] = [size, json];
  for (let at = 0; at < end; at += BATCH) parts.push(values.subarray(0, Math.min(BATCH, end - at) / 4));
  return { blob: new Blob(parts), values };
}

async function run(tokenizer: readonly number[]) {
  const store = indexedDbStore('pronk-bench');
  const { blob, values } = model();
  const plain = blobSource(blob, 'model.safetensors');
  const key = blobSource(new Blob([crypto.getRandomValues(new Uint8Array(65_536)), blob]), 'consolidated.00.pth');
  const enc = async (source: typeof plain) => {
    const view = encSource(source, key, await sha256Of(source, workerHashers));
    const parts: BlobPart[] = [];
    for await (const { bytes } of windows(view)) parts.push(bytes);
    return blobSource(new Blob(parts), view.name);
  };
  const text = (name: string, value: unknown) =>
    bytesSource(new TextEncoder().encode(JSON.stringify(value)), name) as typeof plain;
  const files = [
    await enc(plain),
    await enc(text('config.json', config)),
    await enc(bytesSource(Uint8Array.from(tokenizer), 'tokenizer.model')),
  ];
  const given: GivenSource[] = [key, ...files].map((source) => ({ source, path: source.name }));

  const view = xorSource(files[0]!, key, 'model.safetensors');
  const columns = config.hidden_size;
  const rows = BATCH / 4 / columns;
  const batches = Math.floor(plain.size / BATCH);
  const bytes = batches * BATCH;
  const alone = {
    decrypt: await timed(plain.size, async () => {
      for await (const _ of windows(view)) {
        // read and decrypted is all
      }
    }),
    hash: await timed(bytes, async () => {
      const hasher = await workerHashers('sha256');
      for (let i = 0; i < batches * 4; i++) await hasher.update(new Uint8Array(values.buffer.slice(0, BATCH / 4)));
      await hasher.digest();
    }),
    convert: await timed(bytes, async () => {
      for (let i = 0; i < batches; i++) {
        hasNonFinite(repackRows('F32', new Uint8Array(values.buffer), rows, columns));
        packRows(values, 'q8', rows, columns);
      }
    }),
    store: await timed(bytes, async () => {
      const share = 1.0625 / 4; // of a weight's bytes in q8
      for (let at = 0; at < bytes * share; at += 64 << 20) {
        await writeShard(store.shards, `alone/${at}`, new Uint8Array(64 << 20).fill(at));
      }
    }),
  };
  for (const name of await store.shards.keys()) await store.shards.delete(name);

  const engine = createEngine({ store, gpu: navigator.gpu, hashers: workerHashers });
  await engine.imports.plan('patched', { kind: 'files', files: given });
  const whole = await timed(plain.size, () => engine.imports.start('patched', { quantize: 'q8' }));

  // loading: as many bytes as there are
  await engine.imports.plan('kept', {
    kind: 'files',
    files: [plain, text('config.json', config), bytesSource(Uint8Array.from(tokenizer), 'tokenizer.model')].map(
      (source) => ({ source, path: source.name }),
    ),
  });
  const { bytes: stored, shards } = await engine.imports.start('kept', { quantize: 'keep' });
  const reading = async () => {
    for (const shard of shards) {
      const source = await store.shards.get(shard.key);
      await source!.read(0, source!.size);
    }
  };
  const groups = async () => {
    for (const tensor of (await openStoredModel(store, 'kept')).tensors) {
      for await (const _ of tensor.groups()) {
        // read and verified is all
      }
    }
  };
  await engine.device();
  const upload = () => {
    let uploaded = 0;
    return engine
      .load('kept', {
        onProgress: (stage) => {
          if (stage === 'Compiling') uploaded ||= performance.now();
        },
      })
      .then(() => uploaded);
  };
  const plainReading = await timed(stored, reading);
  const verified = await timed(stored, groups);
  const again = await timed(stored, reading);
  const started = performance.now();
  const loading = Math.round((stored * 1000) / ((await upload()) - started));
  await engine.remove('kept');
  await engine.remove('patched');
  await engine.close();
  const slowest = Math.min(...Object.values(alone));
  const best = Math.max(plainReading, again);
  return {
    import: { bytes: plain.size, alone, whole, shareOfSlowestStage: whole / slowest },
    load: {
      bytes: stored,
      plainReading: best,
      verified,
      loading,
      share: loading / best,
      verifiedShare: verified / best,
    },
  };
}

(globalThis as unknown as { run: typeof run }).run = run;
