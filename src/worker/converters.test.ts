// Converting workers give what this thread gives, and do not make an import wait for ever if they do not start.
import { expose } from 'comlink';
import { afterEach, expect, test, vi } from 'vitest';
import { type Batch, convertBatch } from '../engine/imports/converter';
import { workerConverters } from './converters';
import { BrokenWorker } from './testing/broken-worker';

afterEach(() => vi.unstubAllGlobals());

const ROWS = 2;
const COLUMNS = 32;

/** A batch whose bytes are a part of a larger buffer. */
function batch(): Batch {
  const all = Float32Array.from({ length: (ROWS + 1) * COLUMNS }, (_, i) => Math.sin(i));
  const bytes = new Uint8Array(all.buffer).subarray(4 * COLUMNS);
  const place = { file: 'model.safetensors', offset: 0 };
  const tensor = { name: 'w', type: 'F32', rows: ROWS, columns: COLUMNS, place } as unknown as Batch['tensor'];
  return { tensor, kind: 'q8', bytes, rows: ROWS };
}

test('a worker that does not start is named, from the second batch on', async () => {
  vi.stubGlobal('Worker', BrokenWorker);
  const converter = workerConverters();
  expect(await converter.convert(batch())).toEqual(convertBatch(batch()));
  const died = { code: 'worker-died', message: expect.stringContaining('reload the page') };
  await expect(converter.convert(batch())).rejects.toMatchObject(died);
  await expect(converter.convert(batch())).rejects.toMatchObject(died);
  converter.end();
});

test('what a worker answers is what this thread makes of a batch, or what is wrong with it', async () => {
  const terminate = vi.fn();
  const asked: Batch[] = [];
  const convert = (each: Batch) => {
    asked.push(each);
    return asked.length < 3 ? convertBatch(each) : { code: 'nan-weights', message: 'no numbers' };
  };
  vi.stubGlobal('Worker', function Local() {
    const { port1, port2 } = new MessageChannel();
    expose({ convert }, port2);
    return Object.assign(port1, {
      terminate() {
        terminate();
        port1.close();
      },
    });
  });
  const converter = workerConverters();
  const given = batch();
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await converter.convert(given));
  expect(asked).toHaveLength(2);
  for (const answer of answers) expect(answer).toEqual(convertBatch(batch()));
  // bytes outside the batch are not transferred
  expect(given.bytes.buffer.byteLength).toBe(4 * (ROWS + 1) * COLUMNS);
  await expect(converter.convert(given)).rejects.toMatchObject({ code: 'nan-weights', message: 'no numbers' });
  converter.end();
  expect(terminate).toHaveBeenCalledOnce();
});
