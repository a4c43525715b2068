import { readFileSync } from 'node:fs';
import { array, assert, asyncProperty, integer, nat, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantizeRows, repackRows } from '../../quant/repack';
import { fromDirectory } from '../checkpoint/directory';
import { PronkError } from '../../core/errors';
import { bytesSource } from '../../core/source';
import { type TorchFile, readTorch } from './torch';

const golden = (name: string) => readFileSync(`src/formats/golden/${name}`);
const source = (name: string, bytes: Uint8Array = golden(name)) => bytesSource(bytes, name);
const everything = JSON.parse(golden('everything.json').toString()) as Record<
  string,
  { shape: number[]; eighths: number[] }
>;

async function eighths(file: TorchFile, name: string): Promise<number[]> {
  const tensor = fromDirectory(file.tensors.get(name)!);
  const bytes = await tensor.readRows(0, tensor.rows);
  return Array.from(dequantizeRows(repackRows(tensor.type, bytes, tensor.rows, tensor.columns)), (each) => each * 8);
}

const failure = (promise: Promise<unknown>): Promise<PronkError> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => (error instanceof PronkError ? error : expect.fail(`a raw error: ${String(error)}`)),
  );

const summary = (file: TorchFile) =>
  Array.from(file.tensors.values(), (tensor) => JSON.stringify({ ...tensor, source: undefined }));

describe('files of torch.save', () => {
  test.each(['everything-2.pt', 'everything-4.pt', 'dict.pt'])('%s has what PyTorch put in', async (name) => {
    const file = await readTorch(source(name));
    expect([...file.tensors.keys()]).toEqual(Object.keys(everything));
    for (const [key, { shape, eighths: values }] of Object.entries(everything)) {
      expect(file.tensors.get(key)!.shape, key).toEqual(shape);
      if (key !== 'counter') expect(await eighths(file, key), key).toEqual(values);
    }
    const [half, bfloat, float] = ['half', 'bfloat', 'float'].map((key) => file.tensors.get(key)!.dtype);
    expect([half, bfloat, float]).toEqual(['F16', 'BF16', 'F32']);
    const [whole, rows] = ['shared_whole', 'shared_rows'].map((key) => file.tensors.get(key)!);
    expect(rows.start - whole.start).toBe(2 * 4 * 4);
    expect(() => fromDirectory(file.tensors.get('counter')!)).toThrow(/I64/);
  });

  test('rows of a transposed view, one at a time', async () => {
    const file = await readTorch(source('everything-2.pt'));
    const tensor = fromDirectory(file.tensors.get('transposed')!);
    const all = await tensor.readRows(0, tensor.rows);
    const rowBytes = tensor.columns * 4;
    for (let row = 0; row < tensor.rows; row++) {
      expect(await tensor.readRows(row, row + 1)).toEqual(all.slice(row * rowBytes, (row + 1) * rowBytes));
    }
  });

  test('a state dict inside of a checkpoint', async () => {
    const file = await readTorch(source('nested.pt'));
    expect([...file.tensors.keys()]).toEqual(['w']);
  });

  test.each(['evil-2.pt', 'evil-4.pt'])('%s is refused by the name of what it calls', async (name) => {
    const error = await failure(readTorch(source(name)));
    expect(error.code).toBe('unsafe-pickle');
    expect(error.message).toContain('posix.system');
  });

  test('a file of an old PyTorch, an empty one, and something else', async () => {
    const legacy = await failure(readTorch(source('legacy.pt')));
    expect([legacy.code, legacy.message]).toEqual(['unsupported-format', expect.stringContaining('save it again')]);
    expect((await failure(readTorch(source('x.bin', new Uint8Array(0))))).message).toContain('empty');
    expect((await failure(readTorch(source('x.bin', new Uint8Array(99))))).code).toBe('corrupt-file');
  });
});

describe('damage', () => {
  const whole = golden('everything-2.pt');

  test('a file cut short anywhere is an error', async () => {
    for (let end = 0; end < whole.length; end++) {
      expect((await failure(readTorch(source('cut', whole.subarray(0, end))))).code).toBe('corrupt-file');
    }
  });

  test('a flipped byte of the directory is found, or changes nothing', async () => {
    const before = summary(await readTorch(source('x', whole)));
    const tail = new DataView(whole.buffer, whole.byteOffset + whole.length - 22);
    const start = tail.getUint32(16, true);
    expect(start).toBeLessThan(whole.length);
    let found = 0;
    for (let at = start; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] ^= 0xff;
      const result = await readTorch(source('x', bytes)).then(summary, (error: unknown) => error);
      if (result instanceof PronkError) found++;
      else expect(result, `byte ${at}`).toEqual(before);
    }
    expect(found).toBeGreaterThan(100);
  });

  test('no flipped bytes end in anything but a named error', async () => {
    const places = array(tuple(nat(whole.length - 1), integer({ min: 1, max: 255 })), { minLength: 1 });
    await assert(
      asyncProperty(places, async (flips) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, mask] of flips) bytes[at] ^= mask;
        const result = await readTorch(source('x', bytes)).catch((error: unknown) => error);
        expect(result instanceof PronkError || typeof result === 'object').toBe(true);
        if (result instanceof Error) expect(result).toBeInstanceOf(PronkError);
      }),
      { numRuns: 500 },
    );
  });

  test('a compressed entry is an error that says so', async () => {
    const bytes = Uint8Array.from(whole);
    const view = new DataView(bytes.buffer);
    let at = view.getUint32(bytes.length - 22 + 16, true);
    for (; at < bytes.length - 46 && view.getUint32(at, true) === 0x02014b50; ) {
      view.setUint16(at + 10, 8, true);
      at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
    const error = await failure(readTorch(source('x', bytes)));
    expect([error.code, error.message]).toEqual(['unsupported-format', expect.stringContaining('compressed')]);
  });
});
