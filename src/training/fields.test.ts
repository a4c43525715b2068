// The table of settings: each says all that is needed of it, and what the docs say is what it says.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fieldProblem } from './check-config';
import { FIELD_NAMES, type FieldName, FIELDS } from './fields';
import { readConfig } from './read-config';

/** Cells of the first table after a heading of a Markdown file. */
function tableAfter(file: string, heading: string): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const from = lines.findIndex((line, i) => i > lines.indexOf(heading) && line.startsWith('|'));
  const rows = lines.slice(from + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (text: string) => `\`${text}\``;

test('the docs’ table of settings', () => {
  const expected = FIELD_NAMES.map((name) => {
    const { aliases = [], default: fallback, takes, hint } = FIELDS[name];
    return [code(name), code(JSON.stringify(fallback)), takes, aliases.map(code).join(', '), hint];
  });
  expect(tableAfter('docs/fine-tune.md', '### All settings')).toEqual(expected);
});

test('labels and names are each one’s own', () => {
  const labels = FIELD_NAMES.map((name) => FIELDS[name].label);
  expect(new Set(labels).size).toBe(labels.length);
  const names = FIELD_NAMES.flatMap((name) => [name, ...(FIELDS[name].aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
});

test('every other name is read as the setting', () => {
  for (const name of FIELD_NAMES) {
    for (const alias of FIELDS[name].aliases ?? []) {
      const value = name === 'target_modules' ? ['o_proj'] : 7;
      expect(readConfig({ [alias]: value }).config[name], alias).toEqual(value);
    }
  }
});

describe('bounds', () => {
  const numbers = FIELD_NAMES.filter((name) => FIELDS[name].control === 'number');

  test.each(numbers)('%s', (name) => {
    const { bounds = {}, choices } = FIELDS[name];
    const { min, above, max, below, whole } = bounds;
    const step = whole ? 1 : 1e-6;
    const fits = (value: number | undefined) => value !== undefined && fieldProblem(name, value) === undefined;
    expect([min, above].filter(Number.isFinite)).toHaveLength(1);
    expect([max, below].filter(Number.isFinite)).toHaveLength(1);
    expect([choices, fits(min ?? above), fits(max ?? below)]).toEqual([
      undefined,
      above === undefined,
      below === undefined,
    ]);
    expect([(min ?? above)! - step, (max ?? below)! + step].map(fits)).toEqual([false, false]);
    expect(fits(1.5)).toBe(!whole && name !== 'val_set_size' && 1.5 <= (max ?? below)!);
  });

  // page, command line and config used to differ in these
  test.each<[FieldName, number, number]>([
    ['r', 1024, 1025],
    ['per_device_train_batch_size', 65_536, 65_537],
    ['save_steps', 0, -1],
    ['seed', 2 ** 32 - 1, 2 ** 32],
  ])('%s: %d and not %d', (name, allowed, refused) => {
    expect([fieldProblem(name, allowed), fieldProblem(name, refused)]).toEqual([
      undefined,
      expect.stringContaining(name),
    ]);
  });

  test('the error names the setting', () => {
    expect(() => readConfig({ lora_r: 0 })).toThrow(expect.objectContaining({ code: 'bad-config', field: 'r' }));
  });
});
