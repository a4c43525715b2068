// Datasets of others, on top of what the repository's own files are tested for: what they are read as, and what is wrong in them.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../core/source';
import { openTokenizer } from '../formats/checkpoint/open';
import { createTokenizer } from '../tokenizer/index';
import { examine } from './doctor';
import { type ReadOptions, readDataset } from './read/index';
import { reportDataset } from './report';
import type { Example } from './types';
import { toAlpaca } from './write';

const DATA = '../shared/data/instruct';
const config = { train_on_inputs: false, prompt_template_name: 'alpaca' };
const instruct = (instruction: string, input: string, output: string): Example => ({
  kind: 'instruct',
  instruction,
  input,
  output,
});

async function file(name: string, options?: ReadOptions) {
  const made = await readDataset(bytesSource(readFileSync(`${DATA}/${name}`), name), options);
  if (made.kind !== 'rows') throw new Error(`columns: ${made.columns.join()}`);
  return made;
}

describe.skipIf(!existsSync(DATA))('real files (skipped without ../shared/data)', () => {
  test.each([
    ['alpaca-23.json', 'Alpaca JSON', 23],
    ['alpaca_en_demo.json', 'Alpaca JSON', 999],
    ['chatdoctor5k.json', 'Alpaca JSON', 5452],
    // a JSON array, whatever its name says
    ['dolly-12.jsonl', 'Dolly JSON', 12],
    ['seed_tasks.jsonl', 'Seed tasks JSON Lines', 175],
    ['user_oriented_instructions.jsonl', 'Seed tasks JSON Lines', 252],
    ['text-davinci-003_predictions.jsonl', 'Alpaca JSON Lines', 252],
  ])('%s is %s of %i rows', async (name, format, rows) => {
    const made = await file(name);
    expect([made.format, made.rows.length, made.dropped]).toEqual([format, rows, 0]);
    expect(made.notes.some((note) => note.includes('Do not train'))).toBe(/user_oriented|davinci/.test(name));
  });

  test('412 of the demo’s 999 rows have an input', async () => {
    const { rows } = await file('alpaca_en_demo.json');
    expect(rows.filter((row) => row.kind === 'instruct' && row.input !== '')).toHaveLength(412);
  });

  test('every value is what JSON.parse makes of it, CRLF in the file or not', async () => {
    for (const name of ['chatdoctor5k.json', 'alpaca_en_demo.json']) {
      const { rows } = await file(name);
      expect(rows.map(toAlpaca)).toEqual(JSON.parse(readFileSync(`${DATA}/${name}`, 'utf8')));
    }
  });

  test('OpenAlpaca’s conversion of dolly', async () => {
    const { rows, notes } = await file('dolly-12.jsonl');
    const given = JSON.parse(readFileSync(`${DATA}/dolly-12.jsonl`, 'utf8')) as Record<string, string>[];
    expect(rows).toEqual(
      given.map(({ instruction, context, response }) => instruct(instruction!, context!, response!)),
    );
    expect(notes).toEqual(['Fields that are not used: category.']);
  });

  test('a table of other columns is asked about, and read once it is known', async () => {
    const content = readFileSync(`${DATA}/format_dataset.csv`);
    const asked = await readDataset(bytesSource(content, 'format_dataset.csv'));
    expect(asked).toMatchObject({
      kind: 'columns',
      columns: ['idx', 'disease', 'Symptom', 'reason', 'TestsAndProcedures', 'commonMedications'],
    });
    const mapping = { instruction: 'disease', input: 'Symptom', output: 'reason' };
    const { rows, format } = await file('format_dataset.csv', { mapping });
    expect([rows.length, format]).toEqual([796, 'CSV']);
    expect(rows[0]).toMatchObject({ kind: 'instruct', instruction: 'Panic disorder' });
  });

  test('what is likely wrong with them, where every finding was read', async () => {
    const counts = async (name: string) => {
      const made = await readDataset(bytesSource(readFileSync(`${DATA}/${name}`), name));
      const found: Record<string, number> = {};
      for (const { code } of made.kind === 'rows' ? examine(made.rows) : []) found[code] = (found[code] ?? 0) + 1;
      return found;
    };
    expect(await counts('alpaca_en_demo.json')).toEqual({
      'no-input-marker': 7,
      'image-request': 4,
      'hallucinated-url': 14,
      'unclear-instruction': 1,
      duplicate: 14,
    });
    expect(await counts('chatdoctor5k.json')).toEqual({ duplicate: 6 });
    expect(await counts('alpaca-23.json')).toEqual({});
  });
});

const MODEL = '../shared/data/tokenizer/open_llama_3b-tokenizer.model';
const DEMO = `${DATA}/alpaca_en_demo.json`;
describe.skipIf(!existsSync(MODEL) || !existsSync(DEMO))(
  '999 real rows with OpenLLaMA’s tokenizer (skipped without ../shared/data)',
  () => {
    test('are about as long as others counted them, and pack into a cutoff of 512 with hardly any waste', async () => {
      const tokenizer = createTokenizer(await openTokenizer([bytesSource(readFileSync(MODEL), 'tokenizer.model')]));
      const made = await readDataset(bytesSource(readFileSync(DEMO), 'alpaca_en_demo.json'));
      if (made.kind !== 'rows') throw new Error('no rows');
      const settings = { ...config, cutoff_len: 512 };
      const { tokens, labelled, ended, coverage } = await reportDataset(made.rows, tokenizer, settings);
      // training.md C.3, with LLaMA's tokenizer: 233 tokens a row on average, 64 to 73 % of them in responses
      expect(tokens / 999).toBeGreaterThan(210);
      expect(tokens / 999).toBeLessThan(240);
      expect(labelled / tokens).toBeGreaterThan(0.64);
      expect(labelled / tokens).toBeLessThan(0.74);
      expect(coverage.rows).toBeGreaterThan(0.9);
      expect(ended).toBe(Math.round(coverage.rows * 999));
    });
  },
);
