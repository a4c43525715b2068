// Where a model's chat template is found: in a file of its own, which begins as JSON does, or in a configuration.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sortFiles } from '../checkpoint/files';
import { type Source, bytesSource } from '../../core/source';
import { tokenizerFromFiles } from './tokenizer-files';

const text = (content: string, name: string) => bytesSource(new TextEncoder().encode(content), name);
const model = bytesSource(
  readFileSync(new URL('../../tokenizer/golden/custom.model', import.meta.url)),
  'tokenizer.model',
);
const templateOf = async (...files: Source[]) =>
  (await tokenizerFromFiles(await sortFiles([model, ...files]))).chatTemplate;

const config = text('{"chat_template": "of the configuration"}', 'tokenizer_config.json');

test.each([
  '{%- for m in messages %}{{ m.content }}{% endfor %}',
  '{{ bos_token }}',
  '{# a comment #}',
  '\n{{ 1 }}',
  'plain',
])('chat_template.jinja goes before the configuration: %s', async (source) => {
  const file = text(source, 'model/chat_template.jinja');
  expect(await templateOf(config, file)).toBe(source);
  expect(await templateOf(file, config)).toBe(source);
  expect(await templateOf(text(source, 'chat_template (1).jinja'))).toBe(source);
});

test('a template that is valid JSON, or begins as a file of weights does, is a template', async () => {
  expect(await templateOf(text('{"a": 1}', 'chat_template.jinja'))).toBe('{"a": 1}');
  const weightsLike = `aaaaaaaa{${' '.repeat(100)}`;
  expect(await templateOf(text(weightsLike, 'chat_template.jinja'))).toBe(weightsLike);
});

test('additional templates are not taken for the template', async () => {
  const extra = text('{{ tools }}', 'model/additional_chat_templates/tool_use.jinja');
  expect(await templateOf(config, extra)).toBe('of the configuration');
  // where there is no other, it is better than none
  expect(await templateOf(extra)).toBe('{{ tools }}');
  // nor where their folder is lost
  const flat = text('{{ tools }}', 'tool_use.jinja');
  const own = text('{{ 1 }}', 'chat_template.jinja');
  expect(await templateOf(own, flat)).toBe('{{ 1 }}');
  expect(await templateOf(flat, own)).toBe('{{ 1 }}');
});

test('chat_template.json of a processor', async () => {
  const json = text('{"chat_template": "of the processor"}', 'chat_template.json');
  expect(await templateOf(config, json)).toBe('of the processor');
  expect(await templateOf(json, text('{{ 1 }}', 'chat_template.jinja'))).toBe('{{ 1 }}');
  expect(await templateOf()).toBeUndefined();
});

test('templates with a name are kept beside the default one, as transformers reads them', async () => {
  const of = async (...files: Source[]) => {
    const { chatTemplate, namedTemplates } = await tokenizerFromFiles(await sortFiles([model, ...files]));
    return { chatTemplate, namedTemplates };
  };
  const listed = [
    { name: 'tool_use', template: 'T' },
    { name: 'default', template: 'D' },
  ];
  const list = text(JSON.stringify({ chat_template: listed }), 'tokenizer_config.json');
  expect(await of(list)).toEqual({ chatTemplate: 'D', namedTemplates: { tool_use: 'T' } });
  const named = text('N', 'model/additional_chat_templates/rag.jinja');
  const main = text('M', 'model/chat_template.jinja');
  expect(await of(named, main)).toEqual({ chatTemplate: 'M', namedTemplates: { rag: 'N' } });
  // files take the place of the configuration's whole list
  expect(await of(list, named, main)).toEqual({ chatTemplate: 'M', namedTemplates: { rag: 'N' } });
  expect(await of(list, main)).toEqual({ chatTemplate: 'M' });
  expect(await of(main)).toEqual({ chatTemplate: 'M' });
});
