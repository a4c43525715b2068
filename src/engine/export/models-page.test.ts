// The tables of docs/models.md follow from the families and the element types: a new one is there, or this test is red.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../core/model-config';
import { FAMILIES, type Family, familyOf, familyToWrite, ggufToWrite } from '../../formats/families/index';
import { GOLDEN } from '../../model/testing/golden';
import { elementRowBytes, elementTypeOf, GGML_ELEMENTS, roundsScales, storedKind } from '../../quant/elements';

const PAGE = 'docs/models.md';
const code = (text: string) => `\`${text}\``;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Whether no model of a family goes into a GGUF file. */
const isOutOfGguf = (config: ModelConfig) =>
  familyOf(config.architecture).gguf === undefined && familyToWrite(config).notInGguf?.(config) !== undefined;

function familyRow(family: Family): string[] {
  const { architecture, title, modelType, gguf } = family;
  // what makes a Ministral one, without which it is written as a Mistral
  const config = { architecture, ...(family.scalesQueries && { queryScaling: {} }) } as ModelConfig;
  const folder = familyToWrite(config);
  const written = isOutOfGguf(config) ? '–' : code(ggufToWrite(config).architecture);
  const held = GOLDEN.some((name) => name === `tiny-${architecture}`);
  return [
    title,
    code(modelType),
    gguf ? code(gguf.architecture) : written,
    folder === family ? 'yes' : `as ${folder.name}`,
    written,
    held ? 'yes' : '–',
  ];
}

const tables: Readonly<Record<string, () => string>> = {
  families: () =>
    table(
      ['family', '`model_type`', 'read from GGUF as', 'written as a folder', 'written as GGUF', 'held against PEFT'],
      FAMILIES.map(familyRow),
    ),
  types: () =>
    table(
      ['type', 'bits a weight', 'own kind', 'scales', 'written'],
      GGML_ELEMENTS.map((type) => [
        type,
        String(Number(((elementRowBytes(type, 256) * 8) / 256).toFixed(4))),
        code(storedKind(type)),
        roundsScales(type) ? 'rounded to 16 bits' : type === 'F64' ? 'rounded to f32' : 'as they are',
        elementTypeOf(storedKind(type)) === type ? 'yes' : '–',
      ]),
    ),
};

/** The page with what stands between a table's marks. */
const withTable = (page: string, name: string, text: string) =>
  page.replace(
    new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- end of ${name} -->)`),
    (_, before: string, after: string) => `${before}\n${text}\n\n${after}`,
  );

test.each(Object.keys(tables))('the table of %s', (name) => {
  const page = readFileSync(PAGE, 'utf8');
  const wanted = withTable(page, name, tables[name]!());
  if (process.env['PRONK_WRITE']) writeFileSync(PAGE, wanted);
  else expect(page).toBe(wanted);
  // a row that is missing shows
  expect(withTable(page, name, tables[name]!().replace(/\n[^\n]*$/, ''))).not.toBe(wanted);
});
