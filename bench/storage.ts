// The browser's part of storage.mjs: importing and loading against their stages alone, in bytes a second.
import { hasNonFinite } from '../src/core/finite';
import type { GivenSource } from '../src/engine/imports/identity';
import { createEngine } from '../src/engine/index';
import { blobSource, type Source } from '../src/core/source';
import { windows } from '../src/core/stream';
import { xorSource } from '../src/formats/patches/xor';
import { packRows, repackRows } from '../src/quant/repack';
import { indexedDbStore } from '../src/storage/indexeddb';
import { writeShard } from '../src/storage/shards';
import { openStoredModel } from '../src/storage/stored-model';
import { workerConverters } from '../src/worker/converters';
import { workerHashers } from '../src/worker/hashers';

const BATCH = 16 << 20;

const timed = async (bytes: number, task: () => Promise<unknown>) => {
  const started = performance.now();
  await task();
  return Math.round((bytes * 1000) / (performance.now() - started));
};

/** The files that storage.mjs made: a model, the same encrypted, and the key. */
function chosen(): Map<string, Source> {
  const files = [...(document.querySelector('input')?.files ?? [])];
  return new Map(files.map((file) => [file.name, blobSource(file)]));
}

/** @param columns of the model's matrices */
async function run(columns: number) {
  const store = indexedDbStore('pronk-bench');
  const files = chosen();
  const key = files.get('consolidated.00.pth')!;
  const plain = files.get('model.safetensors')!;
  const encrypted = [...files.values()].filter(({ name }) => name.endsWith('.enc'));
  const beside = ['config.json', 'tokenizer.model'].map((name) => files.get(name)!);
  const given = (sources: readonly Source[]): GivenSource[] => sources.map((source) => ({ source, path: source.name }));
  const view = xorSource(encrypted.find(({ name }) => name.startsWith('model'))!, key, 'model.safetensors');
  const values = Float32Array.from({ length: BATCH / 4 }, () => (Math.random() - 0.5) * 0.08);
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

  const engine = createEngine({ store, gpu: navigator.gpu, hashers: workerHashers, converters: workerConverters });
  await engine.imports.plan('patched', { kind: 'files', files: given([key, ...encrypted]) });
  const whole = await timed(plain.size, () => engine.imports.start('patched', { quantize: 'q8' }));

  // loading: as many bytes as there are
  await engine.imports.plan('kept', { kind: 'files', files: given([plain, ...beside]) });
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
