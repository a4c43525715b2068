// `bench-import`: encrypted shards of a published shape, generated while they are read, to a stored model. Time, bytes and
// memory of the whole, and of each of its stages alone.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasNonFinite } from '../../core/finite';
import type { GivenSource } from '../../engine/imports/identity';
import { Imports } from '../../engine/imports/index';
import { BATCH_BYTES } from '../../engine/imports/pass';
import type { HasherFactory } from '../../core/hash';
import { expectedTensors } from '../../formats/config/llama-config';
import { bytesSource, type Source } from '../../core/source';
import { windows } from '../../core/stream';
import { type TorchInput, writeTorch } from '../../formats/torch/writer';
import { encSource, HEADER_BYTES, sha256Of, xorSource } from '../../formats/patches/xor';
import { packRows, repackRows } from '../../quant/repack';
import { writeShard } from '../../storage/shards';
import { choice, number, parseOptions, required } from '../arguments';
import { fourDigits, type Print } from '../print';
import { fileStore } from '../node-store/file-store';
import { threadHashers } from '../node-store/hashers';
import { QUANTIZE } from '../input/model';
import { SHAPE_NAMES, SHAPES, synthetic } from './shapes';

/** All made-up bytes repeat with this period: a copy is the whole cost of making them. */
const PERIOD = 16 << 20;
const SHARDS = 3;
/** Bytes that a stage alone is measured on. */
const SAMPLE_BYTES = 1 << 30;

export async function benchImport(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, {
    shape: choice(SHAPE_NAMES, 'llama-7b'),
    quantize: choice(QUANTIZE, 'q4'),
    tokenizer: 'text',
    layers: number({ min: 1, whole: true }),
  });
  const { quantize } = options;
  const shape = SHAPES[options.shape];
  const { config } = synthetic({ ...shape, numLayers: options.layers ?? shape.numLayers }, 'f16');
  const tokenizer = await readFile(required(options.tokenizer, 'tokenizer'));

  const plain = tile(weights());
  const key = tiled('consolidated.00.pth', keyBytes(config), tile(noise()), []);
  const started = performance.now();
  const files: GivenSource[] = [given(key)];
  const map: Record<string, string> = {};
  const names = [...expectedTensors(config)];
  for (let i = 0; i < SHARDS; i++) {
    const held = names.slice((i * names.length) / SHARDS, ((i + 1) * names.length) / SHARDS);
    const name = `pytorch_model-0000${i + 1}-of-0000${SHARDS}.bin`;
    for (const [tensor] of held) map[tensor] = name;
    const shard = await torchShard(name, held, plain);
    files.push(given(await encrypted(shard, plain, key)));
    console.error(`${name}: ${shard.source.size} bytes, ${shard.sha256}`);
  }
  const small = {
    'config.json': JSON.stringify(huggingFace(config)),
    'pytorch_model.bin.index.json': JSON.stringify({ metadata: {}, weight_map: map }),
    'tokenizer.model': tokenizer,
  };
  for (const [name, content] of Object.entries(small)) {
    const source = bytesSource(typeof content === 'string' ? new TextEncoder().encode(content) : content, name);
    files.push(given(encSource(source, key, await sha256Of(source))));
  }
  console.error(`Made up in ${Math.round((performance.now() - started) / 1000)} s`);

  const hashers = threadHashers({ resumable: true });
  const folder = await mkdtemp(join(tmpdir(), 'pronk-import-'));
  try {
    const stages = await alone(files[1].source, key, hashers, folder, config.hiddenSize);
    print({ alone: stages });
    const imports = new Imports({ store: fileStore(join(folder, 'model')), hashers });
    await imports.plan('model', { kind: 'files', files });
    const began = performance.now();
    let told = 0;
    const manifest = await imports.start('model', { quantize }, (stage, done, total) => {
      if (done - told < 1e9) return;
      told = done;
      console.error(`${stage} ${Math.round((100 * done) / total)} %`);
    });
    const seconds = (performance.now() - began) / 1000;
    const read = files.slice(1).reduce((sum, { source }) => sum + source.size, 0);
    const rate = read / seconds;
    print({
      seconds: fourDigits(seconds),
      keyBytes: key.size,
      encryptedBytes: read,
      storedBytes: manifest.bytes,
      bytesPerSecond: fourDigits(rate),
      shareOfSlowestStage: fourDigits(rate / Math.min(...Object.values(stages))),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes of float32 plaintext a second that each stage does when it has the machine for itself. */
async function alone(enc: Source, key: Source, hashers: HasherFactory, folder: string, columns: number) {
  const bytes = Math.min(SAMPLE_BYTES, enc.size - HEADER_BYTES) & ~(BATCH_BYTES - 1);
  const view = xorSource(enc, key, 'sample');
  const sample = { ...view, size: bytes };
  const decrypt = await timed(bytes, async () => {
    for await (const _ of windows(sample)) {
      // read and decrypted is all
    }
  });
  const batch = await view.read(PERIOD, PERIOD + BATCH_BYTES);
  const rows = BATCH_BYTES / 4 / columns;
  const batches = bytes / BATCH_BYTES;
  const hash = await timed(bytes, async () => {
    const hasher = await hashers('sha256');
    for (let i = 0; i < batches; i++) await hasher.update(batch.slice());
    await hasher.digest();
  });
  const floats = () => new Float32Array(batch.slice().buffer);
  const convert = await timed(bytes, async () => {
    for (let i = 0; i < batches; i++) {
      hasNonFinite(repackRows('F32', batch, rows, columns));
      packRows(floats(), 'q4', rows, columns);
    }
  });
  const stored = packRows(floats(), 'q4', rows, columns);
  const { shards } = fileStore(join(folder, 'alone'));
  const store = await timed(bytes, async () => {
    const shard = new Uint8Array(64 << 20);
    const perBatch = stored.codes.length + stored.scales.length;
    for (let at = 0; at < batches * perBatch; at += shard.length) await writeShard(shards, `${at}`, shard);
  });
  return { decrypt, hash, convert, store };
}

async function timed(bytes: number, task: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await task();
  return fourDigits((bytes * 1000) / (performance.now() - started));
}

type Tile = (start: number, end: number) => Uint8Array<ArrayBuffer>;

/** A repeated block as bytes of any range. */
function tile(block: Uint8Array<ArrayBuffer>): Tile {
  return (start, end) => {
    const result = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const from = at % PERIOD;
      const count = Math.min(PERIOD - from, end - at);
      result.set(block.subarray(from, from + count), at - start);
      at += count;
    }
    return result;
  };
}

/** Bytes that are not the tile's. */
interface Patch {
  readonly at: number;
  readonly bytes: Uint8Array;
}

function tiled(name: string, size: number, bytes: Tile, patches: readonly Patch[]): Source {
  return {
    name,
    size,
    async read(start, end) {
      const result = bytes(start, end);
      for (const patch of patches) {
        const from = Math.max(start, patch.at);
        const to = Math.min(end, patch.at + patch.bytes.length);
        if (from < to) result.set(patch.bytes.subarray(from - patch.at, to - patch.at), from - start);
      }
      return result;
    },
  };
}

interface TorchShard {
  readonly source: Source;
  readonly sha256: string;
  readonly patches: readonly Patch[];
}

/** A torch file whose tensors are the tile, wherever they lie. (Its zip checksums are not those of its bytes.) */
async function torchShard(
  name: string,
  held: readonly (readonly [string, readonly [number, number]])[],
  plain: Tile,
): Promise<TorchShard> {
  const blank = new Uint8Array(4 << 20);
  const inputs = held.map(([tensor, [rows, columns]]): TorchInput => {
    const bytes = rows * columns * 4;
    return {
      name: tensor,
      dtype: 'F32',
      shape: rows === 1 ? [columns] : [rows, columns],
      *bytes() {
        for (let at = 0; at < bytes; at += blank.length) yield blank.subarray(0, Math.min(blank.length, bytes - at));
      },
    };
  });
  const patches: Patch[] = [];
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of writeTorch(inputs)) {
    const data = piece.buffer === blank.buffer;
    if (!data) patches.push({ at: size, bytes: piece.slice() });
    hash.update(data ? plain(size, size + piece.length) : piece);
    size += piece.length;
  }
  return { source: tiled(name, size, plain, patches), sha256: hash.digest('hex'), patches };
}

/**
 * `name.<sha256>.enc` of a tiled file: the XOR of two tiles is a tile, so that encrypting costs nothing while it is read.
 * The key is longer than the file, so that its bytes stand against the file's from the beginning on.
 */
async function encrypted({ source, sha256, patches }: TorchShard, plain: Tile, key: Source): Promise<Source> {
  const [a, b] = [plain(0, PERIOD), await key.read(0, PERIOD)];
  const both = tile(a.map((byte, i) => byte ^ b[i]));
  const header = { at: 0, bytes: Buffer.from(sha256, 'hex') };
  const own = patches.map(async ({ at, bytes }) => {
    const stream = await key.read(at, at + bytes.length);
    return { at: at + HEADER_BYTES, bytes: bytes.map((byte, i) => byte ^ stream[i]) };
  });
  const shifted: Tile = (start, end) => {
    const hidden = Math.max(0, HEADER_BYTES - start);
    const result = new Uint8Array(end - start);
    if (hidden < result.length) result.set(both(start + hidden - HEADER_BYTES, end - HEADER_BYTES), hidden);
    return result;
  };
  const { name } = encSource(source, key, sha256);
  return tiled(name, source.size + HEADER_BYTES, shifted, [header, ...(await Promise.all(own))]);
}

function weights(): Uint8Array<ArrayBuffer> {
  const values = new Float32Array(PERIOD / 4);
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * 0.08;
  }
  return new Uint8Array(values.buffer);
}

function noise(): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(PERIOD / 4);
  let state = 7;
  for (let i = 0; i < words.length; i++) words[i] = state = (Math.imul(state, 22695477) + 1) >>> 0;
  return new Uint8Array(words.buffer);
}

/** Meta's file of the same shape: two bytes a weight. */
function keyBytes(config: Parameters<typeof expectedTensors>[0]): number {
  const count = [...expectedTensors(config).values()].reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return 2 * count + 100_000;
}

function huggingFace(config: ReturnType<typeof synthetic>['config']) {
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    vocab_size: config.vocabSize,
    tie_word_embeddings: config.tieWordEmbeddings,
  };
}

const given = (source: Source): GivenSource => ({ source, path: source.name });
