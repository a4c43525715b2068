// Imports: what is stored is what the files hold, however often they are cut off; what is wrong leaves nothing.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createHasher } from '../../core/hash';
import { bytesSource, type Source } from '../../core/source';
import { encSource, sha256Of } from '../../formats/patches/xor';
import type { WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows } from '../../quant/repack';
import { listJournals } from '../../storage/journal';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import { openStoredModel, sweep } from '../../storage/stored-model';
import { dyingAt } from '../../storage/testing/dying';
import type { GivenSource } from './identity';
import { Imports } from './index';
import { TALES, TALES_FILES } from '../../testing/fixtures';

/** Small enough that one model makes many batches, windows and shards. */
const SIZES = { batchBytes: 20_000, shardBytes: 50_000, smallBytes: 0 };

function given(change: (source: Source) => Source = (source) => source): GivenSource[] {
  return TALES_FILES.map((name) => {
    const path = `tales/${name}`;
    return { path, source: change(bytesSource(readFileSync(`${TALES}/${name}`), path)) };
  });
}

/** A digest of every stored value, by tensor. */
async function contents(store: Store, id: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  const { tensors } = await openStoredModel(store, id);
  for (const { name, groups } of tensors) {
    const hash = createHash('sha256');
    for await (const group of groups()) hash.update(dequantizeRows(group));
    digests[name] = hash.digest('hex');
  }
  return digests;
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

/** A source with a bit changed, so many bytes from its end. */
function flipped({ name, size, read }: Source, from: number): Source {
  return {
    name,
    size,
    read: async (start, end) => {
      const bytes = await read(start, end);
      const at = size + from;
      if (start <= at && at < end) bytes[at - start] ^= 1;
      return bytes;
    },
  };
}

describe('the model tales', () => {
  let whole: Record<string, string>;
  beforeAll(async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    await imports.plan('a', { kind: 'files', files: given() });
    await imports.start('a', { quantize: 'q8' });
    whole = await contents(store, 'a');
  });

  test('the plan says what it is and what each way of storing it takes', async () => {
    const room = { bytes: 400_000, told: true, small: true };
    const imports = new Imports({ store: memoryStore(), offer: async () => ({ room }) });
    const plan = await imports.plan('a', { kind: 'files', files: given() });
    expect(plan).toMatchObject({
      name: 'tales',
      readBytes: given().reduce((sum, { source }) => sum + source.size, 0),
      model: { container: 'safetensors', architecture: 'llama', parameters: 292_800, layers: 5, contextLength: 512 },
      recommended: 'q8',
    });
    const sizes = plan.choices.map(({ quantize, storedBytes, fits }) => [quantize, storedBytes, fits]);
    expect(sizes.map(([quantize]) => quantize)).toEqual(['q4', 'q8', 'f16', 'keep']);
    // the browser's figure informs, and forbids nothing
    expect(sizes.map(([, , fits]) => fits)).toEqual([true, true, true, true]);
    expect(plan.choices.map(({ warning }) => warning !== undefined)).toEqual([false, false, true, true]);
    expect(plan.choices.at(-1)!.warning).toMatch(/1\.2 MB of disk.*400 kB more.*private window.*You can try it/);
    expect(await code(imports.start('b', { quantize: 'q8' }))).toBe('missing-import');
    expect(await code(imports.start('a', { quantize: 'keep' }))).toBe('no error');
  });

  test('a figure of the disk decides what is recommended; one that says nothing does not', async () => {
    const recommended = async (told: boolean) => {
      const room = { bytes: 300_000, told, small: false };
      const imports = new Imports({ store: memoryStore(), offer: async () => ({ room }) });
      return (await imports.plan('a', { kind: 'files', files: given() })).recommended;
    };
    expect([await recommended(true), await recommended(false)]).toEqual(['q4', 'q8']);
  });

  test.each(['keep', 'f16', 'q8', 'q4'] as const)('%s takes as many bytes as was planned', async (quantize) => {
    const imports = new Imports({ store: memoryStore() });
    const plan = await imports.plan('a', { kind: 'files', files: given() });
    const { bytes } = await imports.start('a', { quantize });
    expect(plan.choices.find((choice) => choice.quantize === quantize)?.storedBytes).toBe(bytes);
  });

  test('the same files are said to be here already, in whatever order and under whatever names', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    expect((await imports.plan('a', { kind: 'files', files: given() })).already).toBeUndefined();
    await imports.start('a', { quantize: 'q8', name: 'First' });
    const again = given()
      .toReversed()
      .map(({ source }) => ({ source, path: source.name.replace('tales', 'copy') }));
    const plan = await imports.plan('b', { kind: 'files', files: again });
    expect(plan.already).toEqual([{ id: 'a', name: 'First', quantize: 'q8' }]);
    // it may be added again all the same
    await imports.start('b', { quantize: 'q4' });
    expect((await imports.plan('c', { kind: 'files', files: given() })).already).toHaveLength(2);
    // negative control: one byte of the weights is another one
    const other = given((source) => (source.name.endsWith('.safetensors') ? flipped(source, -1) : source));
    expect((await imports.plan('d', { kind: 'files', files: other })).already).toBeUndefined();
  });

  test('what is no part of the model is said to be unused, and is none of its sources', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    const notes = [
      {
        path: 'tales/notes.txt',
        source: bytesSource(new TextEncoder().encode('to do'), 'tales/notes.txt'),
      },
      { path: 'tales/optimizer.pt', source: bytesSource(new Uint8Array(100), 'tales/optimizer.pt') },
    ];
    const plan = await imports.plan('a', { kind: 'files', files: [...notes, ...given()] });
    expect(plan.unused).toEqual(notes.map(({ path }) => path));
    expect(plan.files.map(({ name }) => name)).toEqual(given().map(({ path }) => path));
    const manifest = await imports.start('a', { quantize: 'q8' });
    expect(manifest.source).toBe('config.json, model.safetensors, tokenizer.model');
  });

  test('a model is called after its folder, unless its name says more', async () => {
    const at = (folder: string) =>
      given().map(({ path, source }) => {
        const name = path.replace('tales', folder);
        return { path: name, source: { name, size: source.size, read: source.read } };
      });
    const imports = new Imports({ store: memoryStore() });
    const name = async (folder: string) => (await imports.plan(folder, { kind: 'files', files: at(folder) })).name;
    expect(await name('my stories')).toBe('my stories');
    expect(await name('run 7/checkpoint-200')).toBe('run 7 checkpoint-200');
    expect(await name('models--owner--tiny/snapshots/0123456789abcdef0123456789abcdef01234567')).toBe('tiny');
  });

  test('a plan for a phone refuses what its graphics memory does not hold', async () => {
    const imports = new Imports({ store: memoryStore(), offer: async () => ({ gpuBytes: 600_000 }) });
    const plan = await imports.plan('a', { kind: 'files', files: given() });
    expect(plan.choices.map(({ fits }) => fits)).toEqual([true, false, false, false]);
    expect(plan.recommended).toBe('q4');
  });

  test.each(['keep', 'f16', 'q8', 'q4'] as const)('%s: stored in small pieces as in one', async (quantize) => {
    const results = [];
    for (const sizes of [{}, SIZES, { batchBytes: 3000, shardBytes: 7000 }]) {
      const store = memoryStore();
      const imports = new Imports({ store });
      await imports.plan('a', { kind: 'files', files: given() });
      const seen: number[] = [];
      const manifest = await imports.start('a', { quantize }, (_, done) => seen.push(done), sizes);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(await listJournals(store)).toEqual([]);
      expect(await sweep(store)).toBe(0);
      expect(Object.keys(manifest.quality!.relativeError).length).toBe(quantize === 'keep' ? 0 : 9);
      results.push(await contents(store, 'a'));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('an import that dies at any of 60 points goes on to the same model', { timeout: 60_000 }, async () => {
    let died = 0;
    for (let n = 0; n < 60; n++) {
      const store = memoryStore();
      const imports = new Imports({ store: dyingAt(store, n) });
      await imports.plan('a', { kind: 'files', files: given() });
      const outcome = await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES));
      if (outcome !== 'no error') died++;
      // the next visit: another page, another tab
      await sweep(store);
      const next = new Imports({ store });
      const [pending] = await next.pending();
      if (pending) {
        expect(pending).toMatchObject({ id: 'a', name: 'tales', needs: 'files' });
        await next.resume('a', { files: given() }, undefined, SIZES);
      } else if (!(await store.records.keys('models')).includes('a')) {
        // nothing is left, or the whole
        expect(await store.shards.keys()).toEqual([]);
        continue;
      }
      expect(await contents(store, 'a')).toEqual(whole);
      expect(await next.pending()).toEqual([]);
      expect(await sweep(store)).toBe(0);
    }
    expect(died).toBeGreaterThan(15);
  });

  test('a resumed import reads on where it was, and does not begin again', async () => {
    const store = memoryStore();
    const imports = new Imports({ store: dyingAt(store, 9) });
    await imports.plan('a', { kind: 'files', files: given() });
    await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES));
    let read = 0;
    const counting = given((source) => ({
      ...source,
      read: (start, end) => {
        read += end - start;
        return source.read(start, end);
      },
    }));
    await new Imports({ store }).resume('a', { files: counting }, undefined, SIZES);
    const all = given().reduce((sum, { source }) => sum + source.size, 0);
    // the samples that recognise the files, and the tokenizer, are read besides
    expect(read).toBeLessThan(0.8 * all + 4 * 65536);
    expect(await contents(store, 'a')).toEqual(whole);
  });

  test('pausing keeps what is done; cancelling keeps nothing', async () => {
    for (const end of ['pause', 'cancel'] as const) {
      const store = memoryStore();
      const imports = new Imports({ store });
      await imports.plan('a', { kind: 'files', files: given() });
      let batches = 0;
      const outcome = imports.start('a', { quantize: 'q8' }, () => ++batches === 20 && void imports[end]('a'), SIZES);
      if (end === 'pause') {
        expect(await code(outcome)).toBe('paused');
        expect(await imports.pending()).toHaveLength(1);
        expect(await code(imports.resume('a', { files: given().slice(1) }))).toBe('missing-file');
        await imports.resume('a', { files: given() }, undefined, SIZES);
        expect(await contents(store, 'a')).toEqual(whole);
      } else {
        await expect(outcome).rejects.toThrow(/abort/i);
        expect(await imports.pending()).toEqual([]);
        expect(await store.shards.keys()).toEqual([]);
      }
    }
  });

  test('a pending import can be thrown away, and other files are not taken for its own', async () => {
    const store = memoryStore();
    const imports = new Imports({ store: dyingAt(store, 9) });
    await imports.plan('a', { kind: 'files', files: given() });
    await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES));
    const next = new Imports({ store });
    const damaged = given((source) => ({
      ...source,
      read: async (start, end) => (await source.read(start, end)).map((byte) => byte ^ 1),
    }));
    expect(await code(next.resume('a', { files: damaged }))).toBe('missing-file');
    await next.cancel('a');
    expect(await next.pending()).toEqual([]);
    expect(await store.shards.keys()).toEqual([]);
  });

  test('values that are no numbers are named, and nothing is kept', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    const nan = given((source) => {
      if (!source.name.endsWith('.safetensors')) return source;
      const bytes = readFileSync(`${TALES}/model.safetensors`);
      bytes.writeFloatLE(Number.NaN, bytes.length - 400);
      return bytesSource(bytes, source.name);
    });
    await imports.plan('a', { kind: 'files', files: nan });
    expect(await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES))).toBe('nan-weights');
    expect(await imports.pending()).toEqual([]);
    expect(await store.shards.keys()).toEqual([]);
  });

  test('a full disk stops an import, which goes on when there is room', async () => {
    const full = memoryStore(200_000);
    const imports = new Imports({ store: full });
    await imports.plan('a', { kind: 'files', files: given() });
    expect(await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES))).toBe('quota-exceeded');
    expect(await imports.pending()).toHaveLength(1);
  });

  test('the relative error is what the values say', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    await imports.plan('a', { kind: 'files', files: given() });
    const { quality } = await imports.start('a', { quantize: 'q4' });
    const error = quality!.relativeError;
    expect(error['q_proj']).toBeGreaterThan(0.03);
    expect(error['q_proj']).toBeLessThan(0.15);
    // its rows are not whole blocks, so that it is f16
    expect(error['down_proj']).toBeLessThan(5e-4);
  });
});

test('hashers go on from a saved state', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
  const whole = await createHasher('sha256');
  await whole.update(bytes);
  const first = await createHasher('sha256');
  await first.update(bytes.slice(0, 333));
  const second = await createHasher('sha256', await first.save());
  await second.update(bytes.slice(333));
  expect(await second.digest()).toBe(await whole.digest());
});

describe('encrypted files', () => {
  const key = bytesSource(
    Uint8Array.from({ length: 777_777 }, (_, i) => (i * 2654435761) >>> 13),
    'consolidated.00.pth',
  );
  let encrypted: GivenSource[];
  beforeAll(async () => {
    encrypted = await Promise.all(
      given().map(async ({ source }) => {
        const plain = bytesSource(await source.read(0, source.size), source.name.split('/').at(-1)!);
        const enc = encSource(plain, key, await sha256Of(plain));
        return { path: enc.name, source: enc };
      }),
    );
  });
  const withKey = () => [...encrypted, { path: key.name, source: key }];

  test('become a model in one pass, in whatever order they come', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    const first = await imports.plan('a', { kind: 'files', files: encrypted.toReversed() });
    expect(first.problem?.code).toBe('missing-key');
    expect(first.patch!.files.map(({ state }) => state)).toEqual(['present', 'present', 'present']);
    const plan = await imports.plan('a', { kind: 'files', files: [{ path: key.name, source: key }] });
    expect(plan.problem).toBeUndefined();
    expect(plan.patch!.key).toEqual({ name: key.name, size: key.size });
    await imports.start('a', { quantize: 'q8' }, undefined, SIZES);
    const plain = new Imports({ store });
    await plain.plan('b', { kind: 'files', files: given() });
    await plain.start('b', { quantize: 'q8' });
    expect(await contents(store, 'a')).toEqual(await contents(store, 'b'));
  });

  test('that were damaged are found out at the end, and nothing is kept, paused or not', async () => {
    for (const pause of [false, true]) {
      const store = memoryStore();
      const imports = new Imports({ store });
      const damaged = withKey().map(({ path, source }) => ({
        path,
        source: {
          ...source,
          read: async (start: number, end: number) => {
            const bytes = await source.read(start, end);
            const at = 900_000 - start;
            if (path.includes('safetensors') && at >= 0 && at < bytes.length) bytes[at] ^= 1;
            return bytes;
          },
        },
      }));
      const whole = pause ? withKey() : damaged;
      await imports.plan('a', { kind: 'files', files: whole });
      let batches = 0;
      const end = () => pause && ++batches === 20 && imports.pause('a');
      let outcome = await code(imports.start('a', { quantize: 'q8' }, end, SIZES));
      if (pause) {
        expect(outcome).toBe('paused');
        outcome = await code(new Imports({ store }).resume('a', { files: damaged }, undefined, SIZES));
      }
      expect(outcome).toBe('hash-mismatch');
      expect(await store.shards.keys()).toEqual([]);
      expect(await store.records.keys('imports')).toEqual([]);
    }
  });

  test('that were paused go on, their checksums too', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    await imports.plan('a', { kind: 'files', files: withKey() });
    let batches = 0;
    const end = () => void (++batches === 30 && imports.pause('a'));
    expect(await code(imports.start('a', { quantize: 'q8' }, end, SIZES))).toBe('paused');
    await new Imports({ store }).resume('a', { files: withKey() }, undefined, SIZES);
    expect(await store.records.keys('models')).toEqual(['a']);
  });

  test('with the wrong key are told before anything is stored', async () => {
    const imports = new Imports({ store: memoryStore() });
    const wrong = bytesSource(new Uint8Array(5000).fill(7), 'consolidated.00.pth');
    const plan = await imports.plan('a', { kind: 'files', files: [...encrypted, { path: 'k', source: wrong }] });
    expect(plan.problem?.code).toBe('hash-mismatch');
    expect(await code(imports.start('a', { quantize: 'q8' }))).toBe('hash-mismatch');
  });
});

test('a weight diff is added to its base while both are read, and after a pause too', async () => {
  const store = memoryStore();
  const imports = new Imports({ store });
  // the difference of a model that is twice the base
  const origin = { kind: 'weight-diff', base: given(), diff: given() } as const;
  await imports.plan('a', origin);
  let batches = 0;
  const end = () => void (++batches === 20 && imports.pause('a'));
  expect(await code(imports.start('a', { quantize: 'keep' }, end, SIZES))).toBe('paused');
  await new Imports({ store }).resume('a', { files: given() }, undefined, SIZES);
  await imports.plan('b', { kind: 'files', files: given() });
  await imports.start('b', { quantize: 'keep' });
  const [twice, once] = await Promise.all(['a', 'b'].map((id) => openStoredModel(store, id)));
  for (const tensor of once!.tensors) {
    const other = twice!.tensors.find(({ name }) => name === tensor.name)!;
    const [a, b] = [await valuesOf(tensor), await valuesOf(other)];
    expect(
      b.findIndex((value, i) => value !== 2 * a[i]),
      tensor.name,
    ).toBe(-1);
  }
});

async function valuesOf({ rows, columns, groups }: WeightTensor): Promise<Float32Array> {
  const values = new Float32Array(rows * columns);
  for await (const group of groups()) values.set(dequantizeRows(group), group.rowStart * columns);
  return values;
}
