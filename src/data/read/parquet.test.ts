// Parquet as pyarrow writes it (tools/golden/parquet.py), in every compression that the Hub's files have.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { readDataset } from './index';

interface Golden {
  readonly rows: readonly Record<string, unknown>[];
  readonly base64: string;
}
const golden = JSON.parse(readFileSync(new URL('golden/parquet.json', import.meta.url), 'utf8')) as Record<
  string,
  Golden
>;
const bytesOf = (name: string) => Uint8Array.from(Buffer.from(golden[name].base64, 'base64'));

async function read(name: string, bytes = bytesOf(name)) {
  const made = await readDataset(bytesSource(bytes, `${name}.parquet`));
  if (made.kind !== 'rows') throw new Error('no rows');
  return made;
}

describe('Parquet', () => {
  test.each(['snappy', 'zstd', 'gzip', 'brotli', 'lz4', 'plain'])('%s', async (name) => {
    const { rows, format } = await read(name);
    expect(format).toBe('Alpaca Parquet');
    expect(rows).toEqual(
      golden[name].rows.map(({ instruction, input, output }) => ({
        kind: 'instruct',
        instruction,
        input: input ?? '',
        output,
      })),
    );
  });

  test('lists of structs, and lists of numbers', async () => {
    const { rows, notes } = await read('nested');
    expect(rows).toEqual(golden['nested'].rows.map(({ messages }) => ({ kind: 'messages', messages })));
    expect(notes).toEqual(['Fields that are not used: id.']);
    expect((await read('tokens')).rows).toEqual(
      golden['tokens'].rows.map(({ input_ids: ids, labels }) => ({ kind: 'tokens', ids, labels })),
    );
  });

  test('a damaged file is named', async () => {
    const bytes = bytesOf('snappy');
    await expect(read('snappy', bytes.slice(0, -20))).rejects.toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(/^snappy\.parquet cannot be read as Parquet/) as string,
    });
    const torn = bytes.slice();
    torn.fill(255, 8, 200);
    await expect(read('snappy', torn)).rejects.toMatchObject({ code: 'bad-dataset' });
  });
});
