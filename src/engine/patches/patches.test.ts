import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Source, bytesSource } from '../../core/source';
import { PUBLISHED_FILES } from '../../formats/patches/point-alpaca';
import { encSource } from '../../formats/patches/xor';
import type { FileSink, Folder } from '../../storage/folder';
import { decryptFiles } from './decrypt';
import { encryptFiles } from './encrypt';
import { type Patch, makePatch, openPatch, sortPatch } from './patch';
import type { SavedFile } from '../save';

/** A folder in memory that knows what was thrown away. */
class MemoryFolder implements Folder {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly aborted: string[] = [];

  async create(name: string): Promise<FileSink> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    return {
      write: async (bytes) => void pieces.push(bytes.slice()),
      close: async () => void this.files.set(name, new Uint8Array(Buffer.concat(pieces))),
      abort: async () => void this.aborted.push(name),
    };
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const text = (value: string) => new TextEncoder().encode(value);

function noise(length: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
}

const keyBytes = noise(200_000, 1);
keyBytes.set([0x50, 0x4b, 3, 4]);
const key = bytesSource(keyBytes, 'consolidated.00.pth');
const wrong = bytesSource(noise(200_000, 0x5bd1e995), 'consolidated.01.pth');

const PLAIN: Record<string, Uint8Array<ArrayBuffer>> = {
  'config.json': text('{"hidden_size":16}'),
  'pytorch_model.bin': new Uint8Array([0x50, 0x4b, 3, 4, ...noise(150_000, 3)]),
  'tokenizer.model': new Uint8Array([0x0a, 5, 0x0a, ...noise(1000, 4)]),
};

async function encrypt(name: string, bytes: Uint8Array<ArrayBuffer>, rename?: string): Promise<Source> {
  const enc = encSource(bytesSource(bytes, name), key, sha256(bytes));
  return bytesSource(await enc.read(0, enc.size), rename ?? enc.name);
}

const encrypted = await Promise.all(Object.entries(PLAIN).map(([name, bytes]) => encrypt(name, bytes)));

async function all(results: AsyncIterable<SavedFile>): Promise<SavedFile[]> {
  const list: SavedFile[] = [];
  for await (const result of results) list.push(result);
  return list;
}

const decrypt = async (patch: Patch) => {
  const folder = new MemoryFolder();
  return { folder, results: await all(decryptFiles(patch, folder)) };
};

describe('sorting', () => {
  test('finds files and key in any order, and opens them', async () => {
    const others = [bytesSource(text('{}'), 'params.json'), bytesSource(keyBytes.slice(0, 99), 'small.pth')];
    const given = [...encrypted, ...others, key];
    const patch = await sortPatch(given);
    expect(patch.table).toEqual({
      key: { name: 'consolidated.00.pth', size: keyBytes.length },
      files: Object.entries(PLAIN).map(([name, { length }]) => ({
        name,
        size: length + 32,
        published: false,
        state: 'present',
      })),
    });
    expect((await sortPatch(given.toReversed())).table).toEqual(patch.table);
    for (const { source, sha256: expected } of openPatch(patch)) {
      const bytes = await source.read(0, source.size);
      expect(sha256(bytes)).toBe(expected);
      expect(bytes).toEqual(PLAIN[source.name]);
    }
  });

  test('the key: Meta’s by name, PyTorch’s by its bytes, or the only other file', async () => {
    const keyOf = async (...others: Source[]) => (await sortPatch([...encrypted, ...others])).key?.name;
    const plain = bytesSource(noise(500_000, 9), 'big.dat');
    const zip = bytesSource(keyBytes, 'renamed.bin');
    expect(await keyOf(plain, zip, key)).toBe('consolidated.00.pth');
    expect(await keyOf(plain, bytesSource(keyBytes, 'consolidated.00 (1).pth'))).toBe('consolidated.00 (1).pth');
    expect(await keyOf(plain, zip)).toBe('renamed.bin');
    expect(await keyOf(plain)).toBe('big.dat');
    expect(await keyOf(plain, bytesSource(text('x'), 'notes.txt'))).toBeUndefined();
    expect(await keyOf(bytesSource(new Uint8Array(0), 'consolidated.00.pth'))).toBeUndefined();
    const without = await sortPatch(encrypted);
    expect(() => openPatch(without)).toThrow(expect.objectContaining({ code: 'missing-key' }));
    await expect(decrypt(without)).rejects.toMatchObject({ code: 'missing-key' });
  });

  test('copies and renamed downloads are one file; the whole one counts', async () => {
    const { name } = encrypted[0];
    const cut = bytesSource((await encrypted[0].read(0, 20)).slice(), `${name} (1)`);
    const { table, files } = await sortPatch([cut, encrypted[0], key]);
    expect(table.files).toMatchObject([{ name: 'config.json', state: 'present' }]);
    expect(files.length).toBe(1);
    const renamed = await encrypt('config.json', PLAIN['config.json'], `${name}.txt`);
    expect((await decrypt(await sortPatch([renamed, key]))).results).toMatchObject([{ name: 'config.json', ok: true }]);
  });

  test('two versions of a file are not written over each other', async () => {
    const other = await encrypt('config.json', text('{"hidden_size":32}'));
    const { folder, results } = await decrypt(await sortPatch([encrypted[0], other, key]));
    expect(results.map(({ ok, code }) => [ok, code])).toEqual([
      [false, 'name-conflict'],
      [false, 'name-conflict'],
    ]);
    expect(folder.files.size).toBe(0);
  });

  test('one published file brings up the other eleven; a published name with another length is bad', async () => {
    const published = PUBLISHED_FILES.find(({ plain }) => plain === 'config.json')!;
    const bytes = (length: number) => new Uint8Array([...Buffer.from(published.sha256, 'hex'), ...noise(length, 5)]);
    const whole = await sortPatch([bytesSource(bytes(545), `${published.name} (1)`)]);
    expect(whole.table.files.length).toBe(12);
    expect(whole.table.files.filter(({ state }) => state === 'missing').length).toBe(11);
    expect(whole.table.files.find(({ name }) => name === 'config.json')).toMatchObject({
      published: true,
      state: 'present',
    });
    const cut = await sortPatch([bytesSource(bytes(500), published.name)]);
    expect(cut.table.files.find(({ name }) => name === 'config.json')).toMatchObject({ state: 'bad' });
  });
});

describe('decrypting', () => {
  test('files come out as they went in', async () => {
    const { folder, results } = await decrypt(await sortPatch([...encrypted, key]));
    const expected = Object.entries(PLAIN);
    expect(results).toEqual(
      expected.map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes), ok: true })),
    );
    expect([...folder.files]).toEqual(expected);
  });

  test('progress goes from nothing to all', async () => {
    const seen: number[] = [];
    const total = Object.values(PLAIN).reduce((sum, { length }) => sum + length, 0);
    const onProgress = (done: number, of: number) => {
      expect(of).toBe(total);
      seen.push(done);
    };
    await all(decryptFiles(await sortPatch([...encrypted, key]), new MemoryFolder(), { onProgress }));
    expect(seen.at(-1)).toBe(total);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('a wrong key is told before anything is written', async () => {
    const { folder, results } = await decrypt(await makePatch(wrong, encrypted));
    expect(results.length).toBe(3);
    for (const result of results) {
      expect(result).toMatchObject({ ok: false, bytes: 0, code: 'hash-mismatch' });
      expect(result.problem).toMatch(/consolidated\.01\.pth is not the key/);
    }
    expect([folder.files.size, folder.aborted]).toEqual([0, []]);
  });

  test('a file of a kind that is not known is told by its checksum', async () => {
    const odd = await encrypt('weights.dat', noise(5000, 6));
    const { folder, results } = await decrypt(await makePatch(wrong, [odd]));
    expect(results).toMatchObject([{ ok: false, code: 'hash-mismatch' }]);
    expect(folder.aborted).toEqual(['weights.dat']);
    // and one that begins otherwise than its kind does is no proof against the right key
    const list = await encrypt('tokenizer.model', text('IQ== 0\nIg== 1\n'));
    expect((await decrypt(await makePatch(key, [list]))).results).toMatchObject([{ ok: true }]);
  });

  test('a file larger than a window that begins unlike its kind is no proof against the right key', async () => {
    const plain = noise(5 << 20, 8);
    for (const name of ['ggml-model.bin', 'weights.pth', 'model.safetensors']) {
      const given = [await encrypt(name, plain)];
      expect((await decrypt(await makePatch(key, given))).results).toMatchObject([{ ok: true, bytes: plain.length }]);
    }
    const { results } = await decrypt(await makePatch(wrong, [await encrypt('weights.pth', plain)]));
    expect(results).toMatchObject([{ ok: false, bytes: 0, problem: expect.stringContaining('is not the key') }]);
  });

  test('damaged, cut, swapped and empty files fail; the others go on', async () => {
    const [config, weights, tokenizer] = encrypted;
    const flipped = (await weights.read(0, weights.size)).slice();
    flipped[100_000] ^= 1;
    const given = [
      config,
      bytesSource(flipped, weights.name),
      bytesSource(await tokenizer.read(0, tokenizer.size - 1), tokenizer.name),
      bytesSource(await config.read(0, config.size), weights.name.replace('pytorch_model', 'swapped')),
      bytesSource(new Uint8Array(0), config.name.replace('config', 'empty')),
      await encrypt('nothing.txt', new Uint8Array(0)),
    ];
    const { folder, results } = await decrypt(await makePatch(key, given));
    expect(Object.fromEntries(results.map(({ name, ok, code }) => [name, ok || code]))).toEqual({
      'config.json': true,
      'empty.json': 'corrupt-file',
      'nothing.txt': true,
      'pytorch_model.bin': 'hash-mismatch',
      'swapped.bin': 'hash-mismatch',
      'tokenizer.model': 'hash-mismatch',
    });
    expect([...folder.files.keys()]).toEqual(['config.json', 'nothing.txt']);
    expect(folder.aborted).toEqual(['pytorch_model.bin', 'tokenizer.model']);
  });

  test('a published file must have the published MD5 too', async () => {
    const patch = await makePatch(key, [encrypted[0]]);
    const published = { ...PUBLISHED_FILES[1], md5: createHash('md5').update(PLAIN['config.json']).digest('hex') };
    const encMd5 = createHash('md5')
      .update(await encrypted[0].read(0, encrypted[0].size))
      .digest('hex');
    const as = (file: typeof published) => ({ ...patch, files: [{ ...patch.files[0], published: file }] });
    expect((await decrypt(as({ ...published, encMd5 }))).results).toMatchObject([{ ok: true }]);
    expect((await decrypt(as(published))).results).toMatchObject([{ ok: false, code: 'hash-mismatch' }]);
  });

  test('a sink that fails, and a signal', async () => {
    const patch = await sortPatch([...encrypted, key]);
    const folder = new MemoryFolder();
    const full: Folder = {
      create: async (name) => {
        const sink = await folder.create(name);
        return name === 'config.json' ? { ...sink, write: () => Promise.reject(new Error('No room')) } : sink;
      },
    };
    const results = await all(decryptFiles(patch, full));
    expect(results.map(({ ok }) => ok)).toEqual([false, true, true]);
    expect(results[0].problem).toContain('No room');
    expect(folder.aborted).toEqual(['config.json']);
    const controller = new AbortController();
    const stopped = new MemoryFolder();
    const run = decryptFiles(patch, stopped, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(all(run)).rejects.toMatchObject({ name: 'AbortError' });
    expect(stopped.files.size).toBeLessThan(3);
  });
});

describe('files as they were published', () => {
  // The first 96 bytes of LLaMA-7B's consolidated.00.pth hold no weights: a zip's local header, padded so that data begins
  // at 64, and the pickle of a dict whose first key is tok_embeddings.weight.
  const head = Buffer.concat([
    Buffer.from('504b03040000080800000000', 'hex'),
    Buffer.alloc(14),
    Buffer.from([21, 0, 13, 0]),
    Buffer.from('consolidated/data.pkl'),
    Buffer.from('FB\x09\x00ZZZZZZZZZ', 'latin1'),
    Buffer.from('\x80\x02}q\x00(X\x15\x00\x00\x00tok_embeddings.weight', 'latin1'),
  ]);
  const llama = bytesSource(head, 'consolidated.00.pth');
  const contents: Record<string, string> = {
    'added_tokens.json': '{\n  "[PAD]": 32000\n}\n',
    'special_tokens_map.json': `{
  "bos_token": "</s>",
  "eos_token": "</s>",
  "pad_token": "[PAD]",
  "unk_token": "</s>"
}
`,
  };

  test.each(Object.entries(contents))('%s has the published checksums, and decrypts', async (name, plain) => {
    const published = PUBLISHED_FILES.find((each) => each.plain === name)!;
    expect(head.length).toBe(96);
    expect(sha256(text(plain))).toBe(published.sha256);
    const enc = encSource(bytesSource(text(plain), name), llama, published.sha256);
    const bytes = await enc.read(0, enc.size);
    expect(enc.name).toBe(published.name);
    expect(createHash('md5').update(bytes).digest('hex')).toBe(published.encMd5);
    const { folder, results } = await decrypt(await sortPatch([bytesSource(bytes, enc.name), llama]));
    expect(results).toMatchObject([{ name, ok: true }]);
    expect(new TextDecoder().decode(folder.files.get(name))).toBe(plain);
  });
});

test('encrypting makes what decrypts', async () => {
  const folder = new MemoryFolder();
  const plain = Object.entries(PLAIN).map(([name, bytes]) => bytesSource(bytes, name));
  const results = await all(encryptFiles(key, plain, folder));
  expect(results.map(({ name, ok, bytes }) => ({ name, ok, bytes }))).toEqual(
    encrypted.map(({ name, size }) => ({ name, ok: true, bytes: size })),
  );
  for (const file of encrypted) expect(folder.files.get(file.name)).toEqual(await file.read(0, file.size));
  const empty = bytesSource(new Uint8Array(0), 'key');
  await expect(all(encryptFiles(empty, plain, folder))).rejects.toMatchObject({ code: 'empty-key' });
});
