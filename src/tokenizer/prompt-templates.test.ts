// Alpaca's instruct forms (seed repositories stanford_alpaca, alpaca-lora, OpenAlpaca).
import { expect, test } from 'vitest';
import { fillTemplate, promptTemplates } from './prompt-templates';

const byName = (name: string) => promptTemplates.find((each) => each.name === name)!;

test('every template has both forms, each with its placeholders once', () => {
  expect(promptTemplates.map((each) => each.name)).toEqual([
    'alpaca',
    'alpaca_legacy',
    'alpaca_short',
    'vigogne',
    'openalpaca',
    'openalpaca_eos_bos',
    'openalpaca_june',
  ]);
  for (const { prompt_input: withInput, prompt_no_input: without, response_split: split } of promptTemplates) {
    expect(withInput.match(/\{\w+\}/g)?.toSorted()).toEqual(['{input}', '{instruction}']);
    expect(without.match(/\{\w+\}/g)).toEqual(['{instruction}']);
    for (const form of [withInput, without]) expect(form.trimEnd().endsWith(split)).toBe(true);
  }
});

test('the exact prompts', () => {
  expect(fillTemplate(byName('alpaca'), 'Add.', '1 2')).toBe(
    'Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n',
  );
  expect(fillTemplate(byName('alpaca_legacy'), 'Add.')).toBe(
    'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Response:',
  );
  expect(fillTemplate(byName('alpaca_short'), 'Add.')).toBe('### Instruction:\nAdd.\n\n### Response:\n');
  expect(fillTemplate(byName('openalpaca'), 'Add.', '1 2')).toBe(
    '### Input:\n1 2\n\n### Instruction:\nAdd.\n\n### Response:',
  );
  expect(fillTemplate(byName('openalpaca'), 'Add.')).toBe('### Instruction:\nAdd.\n\n### Response:');
  expect(fillTemplate(byName('vigogne'), 'Additionne.', '1 2')).toBe(
    'Ci-dessous se trouve une instruction qui décrit une tâche, associée à une entrée qui fournit un contexte supplémentaire. Écrivez une réponse qui complète correctement la demande.\n\n### Instruction:\nAdditionne.\n\n### Entrée:\n1 2\n\n### Réponse:\n',
  );
});

test('placeholders that a person wrote stay', () => {
  expect(fillTemplate(byName('alpaca_short'), '{input} $& {instruction}', '{instruction}')).toBe(
    '### Instruction:\n{input} $& {instruction}\n\n### Input:\n{instruction}\n\n### Response:\n',
  );
});
