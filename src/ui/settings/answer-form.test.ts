import { createRoot } from 'solid-js';
import { expect, test } from 'vitest';
import { stubLocalStorage } from '../testing/local-storage';
import { createAnswerForm, formOf } from './answer-form';

stubLocalStorage();

const written = {
  kind: 'text',
  schema: '{"type": "integer"}',
  pattern: '[0-9]+',
  choices: ' yes \n\nno\nyes',
} as const;

test('what is written becomes the form that generations are asked with', () => {
  expect(formOf(written)).toBeUndefined();
  expect(formOf({ ...written, kind: 'json_object' })).toEqual({ type: 'json_object' });
  expect(formOf({ ...written, kind: 'regex' })).toEqual({ type: 'regex', pattern: '[0-9]+' });
  expect(formOf({ ...written, kind: 'choice' })).toEqual({ type: 'choice', choices: ['yes', 'no'] });
  expect(formOf({ ...written, kind: 'json_schema' })).toEqual({
    type: 'json_schema',
    json_schema: { schema: { type: 'integer' } },
  });
});

test('what is no form is a sentence, and never any text', () => {
  expect(formOf({ ...written, kind: 'json_schema', schema: '{"type": ' })).toMatch(/^The schema is not JSON: /);
  expect(formOf({ ...written, kind: 'json_schema', schema: '[1]' })).toMatch(/^A schema is a JSON object/);
  expect(formOf({ ...written, kind: 'regex', pattern: '' })).toMatch(/^Write a regular expression/);
  expect(formOf({ ...written, kind: 'choice', choices: ' \n' })).toMatch(/^Write the answers/);
});

test('each kind keeps what stands in its editor, across a reload', () => {
  createRoot((dispose) => {
    const form = createAnswerForm('form-test');
    expect(form.format()).toBeUndefined();
    form.choose('regex');
    form.write('a|b');
    form.choose('choice');
    form.write('');
    expect([form.format(), form.problem()]).toEqual([undefined, expect.stringContaining('one a line')]);
    const again = createAnswerForm('form-test');
    expect(again.kind()).toBe('choice');
    again.choose('regex');
    expect([again.text(), again.format(), again.problem()]).toEqual([
      'a|b',
      { type: 'regex', pattern: 'a|b' },
      undefined,
    ]);
    dispose();
  });
});
