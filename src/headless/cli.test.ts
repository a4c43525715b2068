// Commands that need no GPU, as a script sees them: what they print and write, their exit codes, what they leave behind.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PUBLISHED_FILES } from '../formats/patches/point-alpaca';
import { verifyModel } from '../storage/stored-model';
import { fileStore } from './node-store/file-store';
import { headless } from './testing/headless';
import { TALES } from '../testing/fixtures';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const DEMO = 'public/demo-model/pronk-6m-q8_0.gguf';

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
}

/** A file in the scratch folder; its path. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(scratch, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

describe('encrypt and decrypt', { timeout: 60_000 }, () => {
  const plain: Record<string, Uint8Array | string> = {
    'config.json': '{"model_type":"llama"}',
    'pytorch_model.bin': new Uint8Array([0x50, 0x4b, 3, 4, ...noise(300_000, 3)]),
    'empty.txt': '',
  };
  const key = file('consolidated.00.pth', noise(100_000, 1));
  const encrypted = join(scratch, 'encrypted');
  let enc: string[];
  beforeAll(() => {
    const paths = Object.entries(plain).map(([name, bytes]) => file(`plain/${name}`, bytes));
    const { code, lines } = headless('encrypt', '--key', key, '--out', encrypted, ...paths);
    expect(code).toBe(0);
    enc = Object.entries(plain).map(([name, bytes]) => `${name}.${sha256(bytes)}.enc`);
    expect(lines).toEqual(
      Object.values(plain).map((bytes, i) => ({
        file: enc[i],
        bytes: bytes.length + 32,
        sha256: sha256(bytes),
        ok: true,
      })),
    );
    expect(readdirSync(encrypted)).toEqual(enc.toSorted());
    expect(readFileSync(join(encrypted, enc[0])).subarray(0, 32).toString('hex')).toBe(sha256(plain['config.json']));
  }, 60_000);

  /** A copy of the encrypted files, of which some may be changed. */
  function copied(name: string): string {
    const folder = join(scratch, name);
    mkdirSync(folder);
    for (const each of enc) copyFileSync(join(encrypted, each), join(folder, each));
    return folder;
  }

  const decrypt = (folder: string, out: string, withKey = key) =>
    headless('decrypt', '--key', withKey, '--out', join(scratch, out), folder);

  test('a folder comes back as it was; other files in it are let be', () => {
    const folder = copied('whole');
    writeFileSync(join(folder, 'readme.txt'), 'not encrypted');
    const { code, lines } = decrypt(folder, 'out/whole');
    expect(code).toBe(0);
    const names = Object.keys(plain).toSorted();
    expect(lines).toEqual(
      names.map((name) => ({ file: name, bytes: plain[name].length, sha256: sha256(plain[name]), ok: true })),
    );
    expect(readdirSync(join(scratch, 'out/whole'))).toEqual(names);
    for (const name of names) {
      expect(readFileSync(join(scratch, 'out/whole', name)).equals(Buffer.from(plain[name])), name).toBe(true);
    }
  });

  test('a wrong key: exit 1, nothing written, and it says so', () => {
    const wrong = file('other.pth', noise(100_000, 0x5bd1e995));
    const { code, lines } = decrypt(encrypted, 'out/wrong', wrong);
    expect(code).toBe(1);
    expect(lines.slice(0, -1).map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(lines.at(-1)).toMatchObject({ error: { code: 'hash-mismatch' } });
    expect(JSON.stringify(lines.at(-1))).toContain('other.pth is not the key');
    expect(readdirSync(join(scratch, 'out/wrong'))).toEqual([]);
  });

  test('damaged, cut, swapped and empty files fail and leave nothing; the others go on', () => {
    const folder = copied('damaged');
    const [config, weights] = enc.map((name) => join(folder, name)) as [string, string];
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, -5));
    writeFileSync(join(folder, `swapped.json.${'0'.repeat(64)}.enc`), readFileSync(config));
    writeFileSync(join(folder, `nothing.json.${'1'.repeat(64)}.enc`), '');
    const { code, lines } = decrypt(folder, 'out/damaged');
    expect(code).toBe(1);
    expect(Object.fromEntries(lines.slice(0, -1).map(({ file: name, ok }) => [name, ok]))).toEqual({
      'config.json': true,
      'empty.txt': true,
      'nothing.json': false,
      'pytorch_model.bin': false,
      'swapped.json': false,
    });
    expect(lines.at(-1)).toHaveProperty('error.message', expect.stringContaining('3 of 5 files'));
    expect(readdirSync(join(scratch, 'out/damaged'))).toEqual(['config.json', 'empty.txt']);
  });

  test('a file that is there is replaced by a whole one, and not by a failed one', () => {
    const folder = copied('replace');
    const out = join(scratch, 'out/replace');
    mkdirSync(out, { recursive: true });
    for (const name of ['config.json', 'pytorch_model.bin']) writeFileSync(join(out, name), 'older');
    const weights = readFileSync(join(folder, enc[1]));
    weights[200_000] ^= 4;
    writeFileSync(join(folder, enc[1]), weights);
    expect(decrypt(folder, 'out/replace').code).toBe(1);
    expect(readFileSync(join(out, 'config.json'), 'utf8')).toBe(plain['config.json']);
    expect(readFileSync(join(out, 'pytorch_model.bin'), 'utf8')).toBe('older');
    expect(readdirSync(out).length).toBe(3);
  });

  test('a published name with other contents is held to what was published', () => {
    const { name } = PUBLISHED_FILES.find((each) => each.plain === 'added_tokens.json')!;
    const forged = file(
      `forged/${name}`,
      new Uint8Array([...Buffer.from(name.slice(-68, -4), 'hex'), ...noise(21, 7)]),
    );
    const { code, lines, stderr } = headless('decrypt', '--key', key, '--out', join(scratch, 'out/forged'), forged);
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ file: 'added_tokens.json', ok: false });
    expect(stderr).toContain('13476939516');
  });

  test('wrong usage, files that are not there, an empty key, the key in the way', () => {
    expect(headless('decrypt', '--key', key, '--out', scratch).code).toBe(2);
    expect(headless('decrypt', '--out', scratch, encrypted).code).toBe(2);
    expect(headless('encrypt', '--key', key, key).code).toBe(2);
    const nowhere = join(scratch, 'nowhere');
    expect(decrypt(nowhere, 'out/none')).toMatchObject({ code: 1, lines: [{ error: { code: 'no-file' } }] });
    expect(decrypt(encrypted, 'out/none', nowhere)).toMatchObject({ code: 1, lines: [{ error: { code: 'no-file' } }] });
    expect(decrypt(join(scratch, 'plain'), 'out/none')).toMatchObject({
      code: 1,
      lines: [{ error: { code: 'no-file' } }],
    });
    const empty = file('empty.pth', '');
    expect(decrypt(encrypted, 'out/none', empty)).toMatchObject({ code: 1, lines: [{ error: { code: 'empty-key' } }] });
    const own = join(scratch, 'plain/config.json');
    const overwriting = headless('decrypt', '--key', own, '--out', join(scratch, 'plain'), encrypted);
    expect(overwriting).toMatchObject({ code: 1, lines: [{ error: { code: 'would-overwrite' } }] });
    expect(readFileSync(own, 'utf8')).toBe(plain['config.json']);
  });
});

describe('import', { timeout: 60_000 }, () => {
  test('writes what every command takes as a model, and takes it in place of the old one', () => {
    const out = join(scratch, 'models/demo');
    const kept = headless('import', '--model', 'demo', '--out', out);
    expect(kept.code).toBe(0);
    expect(kept.lines.length).toBeGreaterThan(1);
    expect(headless('info', '--model', out).lines).toEqual(headless('info', '--model', 'demo').lines);
    const shards = readdirSync(join(out, 'shards'));
    const quantized = headless('import', '--model', out, '--quantize', 'q4', '--out', out);
    expect(quantized.lines.at(-1)).toMatchObject({ done: true, tensors: 56 });
    expect(quantized.lines.at(-1)!['bytes']).toBeLessThan(kept.lines.at(-1)!['bytes'] as number);
    expect(headless('info', '--model', out).lines[0]).toMatchObject({ tensors: { q4: 43, f32: 13 } });
    const left = readdirSync(join(out, 'shards'));
    expect(left.filter((name) => shards.includes(name))).toEqual([]);
    const text = ['--text', 'What is the capital of Peru?'];
    const { lines } = headless('tokenize', '--model', out, ...text);
    expect(lines).toEqual(headless('tokenize', '--model', 'demo', ...text).lines);
  });

  test('goes on when it was killed', { timeout: 60_000 }, async () => {
    const out = join(scratch, 'models/cut');
    const argv = ['import', '--model', 'demo', '--quantize', 'f32', '--out', out];
    const child = spawn(process.execPath, ['tools/headless.mjs', ...argv], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    // the journal stands before the first byte is converted
    const journal = join(out, 'imports/model.json');
    while (!existsSync(journal) && child.exitCode === null) await new Promise((done) => setTimeout(done, 5));
    child.kill('SIGKILL');
    await ended;
    const { code, lines } = headless(...argv);
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ done: true, tensors: 56 });
    expect(existsSync(journal)).toBe(false);
    const manifest = JSON.parse(readFileSync(join(out, 'models/model.json'), 'utf8')) as Record<string, unknown>;
    const shards = manifest['shards'] as { key: string }[];
    expect(readdirSync(join(out, 'shards')).length).toBe(shards.length + 1);
  });

  test('goes on when it was killed at the very end, and does not take its own model for litter', () => {
    const out = join(scratch, 'models/late');
    const argv = ['import', '--model', 'demo', '--out', out];
    expect(headless(...argv).code).toBe(0);
    const manifest = JSON.parse(readFileSync(join(out, 'models/model.json'), 'utf8')) as Record<string, unknown>;
    const { shards, tensors } = manifest as { shards: { key: string }[]; tensors: unknown[] };
    const prefix = shards[0].key.split('/')[0];
    // the manifest stands, and the journal still does
    const journal = { version: 1, id: 'model', name: 'x', startedAt: 1, origin: { kind: 'files' }, files: [] };
    const rest = { quantize: 'q8', prefix, written: { shards, tensors }, hashes: [], errors: {}, done: 1, total: 1 };
    mkdirSync(join(out, 'imports'), { recursive: true });
    writeFileSync(join(out, 'imports/model.json'), JSON.stringify({ ...journal, ...rest }));
    writeFileSync(join(out, 'shards/.partial-00000000-0000-4000-8000-000000000000'), 'half a shard');
    const broken = file('broken/late.gguf', 'GGUF and then nothing');
    expect(headless('import', '--model', broken, '--out', out).code).toBe(1);
    expect(headless('info', '--model', out).lines).toEqual(headless('info', '--model', 'demo').lines);
    expect(headless(...argv).code).toBe(0);
    expect(readdirSync(join(out, 'shards')).length).toBe(shards.length + 1);
  });

  test('takes encrypted files with their key', () => {
    const folder = join(scratch, 'models/encrypted');
    const key = file('models/encrypted/key.bin', noise(50_000, 11));
    expect(headless('encrypt', '--key', key, '--out', folder, DEMO).code).toBe(0);
    const out = join(scratch, 'models/decrypted');
    expect(headless('import', '--model', folder, '--out', out).lines.at(-1)).toMatchObject({ done: true, tensors: 56 });
    expect(headless('info', '--model', out).lines).toEqual(headless('info', '--model', 'demo').lines);
    writeFileSync(key, noise(50_000, 0x5bd1e995));
    const wrong = headless('import', '--model', folder, '--out', join(scratch, 'models/wrong'));
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.lines.at(-1)).toMatchObject({ error: { code: 'hash-mismatch' } });
  });

  test('a folder that holds other things is refused before anything is written, and keeps them', () => {
    const foreign = join(scratch, 'models/foreign');
    const kept = ['notes.txt', 'shards/weights.bin', 'models/other.json', 'models/broken.json', 'shards/.partial-x'];
    for (const name of kept) file(`models/foreign/${name}`, name.endsWith('other.json') ? '{"id":"other"}' : name);
    const contents = () =>
      readdirSync(foreign, { recursive: true, encoding: 'utf8' })
        .toSorted()
        .map((name) => [name, statSync(join(foreign, name)).mtimeMs]);
    const before = contents();
    const refused = { code: 1, lines: [{ error: { code: 'foreign-folder' } }] };
    const data = file('one.json', '[{"instruction":"a","input":"","output":"b"}]');
    expect(headless('import', '--model', 'demo', '--out', foreign)).toMatchObject(refused);
    mkdirSync(join(scratch, 'run'));
    symlinkSync(foreign, join(scratch, 'run/checkpoint'));
    const train = ['train', '--model', 'demo', '--data', data, '--out', join(scratch, 'run')];
    expect(headless(...train)).toMatchObject(refused);
    expect(contents()).toEqual(before);
    // and it is no model
    expect(headless('info', '--model', foreign).lines).toMatchObject([{ error: { code: 'unsupported-format' } }]);
  });

  test('a store takes what others put beside its files for no part of it', () => {
    const out = join(scratch, 'models/shared');
    const argv = ['import', '--model', 'demo', '--out', out];
    expect(headless(...argv).code).toBe(0);
    // also as an earlier version left it: without a list of its files
    for (const listed of [true, false]) {
      if (!listed) rmSync(join(out, 'pronk-store.jsonl'));
      for (const name of ['shards/mine.bin', 'models/other.json', 'imports/x.json', 'mine.txt']) {
        file(`models/shared/${name}`, '{}');
      }
      expect(headless(...argv).code).toBe(0);
      expect(headless('info', '--model', out).lines).toEqual(headless('info', '--model', 'demo').lines);
      const { shards } = JSON.parse(readFileSync(join(out, 'models/model.json'), 'utf8')) as { shards: unknown[] };
      expect(readdirSync(join(out, 'shards')).length).toBe(shards.length + 2);
      for (const name of ['shards/mine.bin', 'models/other.json', 'imports/x.json', 'mine.txt']) {
        expect(readFileSync(join(out, name), 'utf8')).toBe('{}');
      }
    }
  });

  test('of two that import into one folder, one does, and the other says so', async () => {
    const out = join(scratch, 'models/both');
    const argv = ['tools/headless.mjs', 'import', '--model', 'demo', '--out', out];
    const runs = [0, 1].map(() => {
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
      return Promise.all([once(child, 'exit'), text(child.stdout)]);
    });
    const ended = (await Promise.all(runs)).map(([[code], lines]) => ({ code: code as number, lines }));
    const busy = ended.filter(({ code }) => code === 1);
    // on a slow machine one may be over before the other begins
    expect(busy.length).toBeLessThan(2);
    for (const { lines } of busy) expect(lines).toContain('"code":"busy"');
    expect(headless('info', '--model', out).lines).toEqual(headless('info', '--model', 'demo').lines);
    const { shards } = JSON.parse(readFileSync(join(out, 'models/model.json'), 'utf8')) as { shards: unknown[] };
    expect(readdirSync(join(out, 'shards')).length).toBe(shards.length + 1);
    await verifyModel(fileStore(out), 'model');
  });

  test('says what is wrong, and leaves no model', () => {
    const out = join(scratch, 'models/none');
    expect(headless('import', '--model', 'demo', '--quantize', 'q3', '--out', out).code).toBe(2);
    expect(headless('import', '--model', 'demo').code).toBe(2);
    const broken = file('broken/model.gguf', 'GGUF and then nothing');
    expect(headless('import', '--model', broken, '--out', out)).toMatchObject({
      code: 1,
      lines: [{ error: { code: 'corrupt-file' } }],
    });
    expect(existsSync(out)).toBe(false);
  });
});

test('logits: an --out that cannot be written is told before the model is loaded', { timeout: 60_000 }, () => {
  const run = (out: string) => headless('logits', '--model', 'demo', '--ids', '1', '--out', out);
  expect(run(scratch)).toMatchObject({ code: 1, lines: [{ error: { code: 'no-file' } }] });
  const inFile = join(file('plain.txt', 'x'), 'logits.bin');
  expect(run(inFile)).toMatchObject({ code: 1, lines: [{ error: { code: 'not-a-folder' } }] });
});

test.each([
  ['tokenize', '--text', 'a', '--file', 'b'],
  ['tokenize'],
  ['logits', '--text', 'a', '--ids', '1'],
  ['logits'],
])('one of two options is wanted: %s %s %s %s %s', (command, ...given) => {
  const argv = given.filter((each) => each !== undefined);
  const { code, lines, stderr } = headless(command, '--model', DEMO, ...argv);
  expect([code, lines]).toEqual([2, []]);
  expect(stderr).toContain('Exactly one of');
});

test('what is read is not written over, by whatever name', () => {
  const text = '[{"instruction":"a","output":"b"},{"instruction":"c"}]';
  const data = file('own/rows.json', text);
  const link = join(scratch, 'own/link.json');
  symlinkSync(data, link);
  const model = join(scratch, 'own/model.gguf');
  copyFileSync(DEMO, model);
  for (const argv of [
    ['dataset', '--data', data, '--out', data],
    ['dataset', '--data', data, '--out', link],
    ['logits', '--model', model, '--ids', '1', '--out', model],
  ]) {
    expect(headless(...argv)).toMatchObject({ code: 1, lines: [{ error: { code: 'would-overwrite' } }] });
  }
  expect(readFileSync(data, 'utf8')).toBe(text);
  expect(sha256(readFileSync(model))).toBe(sha256(readFileSync(DEMO)));
  const beside = ['dataset', '--data', data, '--out', join(scratch, 'own/other.json')];
  expect(headless(...beside).code).toBe(0);
  expect(headless(...beside).code).toBe(0);
});

test.skipIf(!existsSync('/dev/full'))('a full disk behind standard output is said (skipped without /dev/full)', () => {
  const out = openSync('/dev/full', 'w');
  const argv = ['tools/headless.mjs', 'tokenize', '--model', DEMO, '--text', 'a'];
  const { status, stderr } = spawnSync(process.execPath, argv, { stdio: ['ignore', out, 'pipe'], encoding: 'utf8' });
  closeSync(out);
  expect(status).toBe(1);
  expect(stderr).toContain('disk is full');
  expect(stderr).not.toContain('at writeSync');
});

describe('a vocabulary alone', { timeout: 60_000 }, () => {
  test('a folder with a tokenizer', () => {
    const folder = join(scratch, 'tokenizer');
    mkdirSync(folder);
    copyFileSync(join(TALES, 'tokenizer.model'), join(folder, 'tokenizer.model'));
    const argv = ['--text', 'Once upon a time'];
    const { code, lines } = headless('tokenize', '--model', folder, ...argv);
    expect(code).toBe(0);
    expect(lines).toEqual(headless('tokenize', '--model', TALES, ...argv).lines);
    expect(headless('info', '--model', folder).lines).toEqual([
      { architecture: null, parameters: 0, vocabulary: 512, context: null, layers: null, tensors: {} },
    ]);
    // with a configuration beside it the weights are missing, and it says so
    copyFileSync(join(TALES, 'config.json'), join(folder, 'config.json'));
    expect(headless('info', '--model', folder)).toMatchObject({ code: 1, lines: [{ error: {} }] });
  });

  test('a GGUF file without tensors', () => {
    const path = file('vocabulary.gguf', vocabularyGguf(['<unk>', '<s>', '</s>', '▁', 'a', 'b', '▁a', 'ab']));
    expect(headless('info', '--model', path)).toMatchObject({
      code: 0,
      lines: [{ architecture: 'llama', parameters: 0, vocabulary: 8, context: 64, layers: 2, tensors: {} }],
    });
    const { lines } = headless('tokenize', '--model', path, '--text', 'a');
    expect(lines).toEqual([{ ids: [1, 6] }]);
    expect(headless('detokenize', '--model', path, '--ids', '6').lines).toEqual([{ text: 'a' }]);
    expect(headless('logits', '--model', path, '--ids', '1').code).toBe(1);
    const gone = headless('tokenize', '--model', path, '--file', join(scratch, 'gone.txt'));
    expect(gone).toMatchObject({ code: 1, lines: [{ error: { code: 'no-file' } }] });
  });
});

/** A GGUF file (version 3) with a SentencePiece vocabulary and no tensors. */
function vocabularyGguf(tokens: readonly string[]): Buffer {
  const u32 = (value: number) => Buffer.from(new Uint32Array([value]).buffer);
  const u64 = (value: number) => Buffer.from(new BigUint64Array([BigInt(value)]).buffer);
  const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
  const list = (type: number, items: readonly Buffer[]) =>
    Buffer.concat([u32(9), u32(type), u64(items.length), ...items]);
  const entries: Record<string, Buffer> = {
    'general.architecture': Buffer.concat([u32(8), text('llama')]),
    'llama.context_length': Buffer.concat([u32(4), u32(64)]),
    'llama.block_count': Buffer.concat([u32(4), u32(2)]),
    'tokenizer.ggml.model': Buffer.concat([u32(8), text('llama')]),
    'tokenizer.ggml.tokens': list(8, tokens.map(text)),
    'tokenizer.ggml.scores': list(
      6,
      tokens.map((_, i) => Buffer.from(new Float32Array([-i]).buffer)),
    ),
    'tokenizer.ggml.token_type': list(
      5,
      tokens.map((_, i) => u32(i === 0 ? 2 : i < 3 ? 3 : 1)),
    ),
  };
  const pairs = Object.entries(entries).flatMap(([key, value]) => [text(key), value]);
  return Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(Object.keys(entries).length), ...pairs]);
}
