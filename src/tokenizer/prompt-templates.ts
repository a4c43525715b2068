// Instruct templates in the format of alpaca-lora's `templates/*.json`, so that such files can be used as they are.

/** Fields as in the files; `{instruction}` and `{input}` are placeholders, and the answer follows the prompt. */
export interface PromptTemplate {
  name: string;
  description: string;
  prompt_input: string;
  prompt_no_input: string;
  response_split: string;
  /**
   * `eos-bos`: the prompt ends with EOS and the answer begins with BOS. `apart`: nothing stands in between, but the two are
   * tokenized each by itself. alpaca-lora's files have no such field.
   */
  separator?: 'eos-bos' | 'apart';
}

const PREAMBLE_INPUT =
  'Below is an instruction that describes a task, paired with an input that provides further context. ' +
  'Write a response that appropriately completes the request.\n\n';

/** What stands in front of the first instruction in Alpaca's training data (Taori et al. 2023, stanford_alpaca). */
export const ALPACA_PREAMBLE =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.';

const WITH_INPUT = '### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:';
const WITHOUT_INPUT = '### Instruction:\n{instruction}\n\n### Response:';

export const promptTemplates: readonly PromptTemplate[] = [
  {
    name: 'alpaca',
    description: 'Alpaca-LoRA and most models tuned on Alpaca data.',
    prompt_input: `${PREAMBLE_INPUT}${WITH_INPUT}\n`,
    prompt_no_input: `${ALPACA_PREAMBLE}\n\n${WITHOUT_INPUT}\n`,
    response_split: '### Response:',
  },
  {
    name: 'alpaca_legacy',
    description: 'Stanford Alpaca: no line break after “Response:”.',
    prompt_input: `${PREAMBLE_INPUT}${WITH_INPUT}`,
    prompt_no_input: `${ALPACA_PREAMBLE}\n\n${WITHOUT_INPUT}`,
    response_split: '### Response:',
  },
  {
    name: 'alpaca_short',
    description: 'Alpaca without the preamble: fewer tokens.',
    prompt_input: `${WITH_INPUT}\n`,
    prompt_no_input: `${WITHOUT_INPUT}\n`,
    response_split: '### Response:',
  },
  {
    name: 'vigogne',
    description: 'Vigogne: French.',
    prompt_input:
      'Ci-dessous se trouve une instruction qui décrit une tâche, associée à une entrée qui fournit un contexte supplémentaire. Écrivez une réponse qui complète correctement la demande.\n\n### Instruction:\n{instruction}\n\n### Entrée:\n{input}\n\n### Réponse:\n',
    prompt_no_input:
      'Ci-dessous se trouve une instruction qui décrit une tâche. Écrivez une réponse qui complète correctement la demande.\n\n### Instruction:\n{instruction}\n\n### Réponse:\n',
    response_split: '### Réponse:',
  },
  {
    name: 'openalpaca',
    description: 'OpenAlpaca’s previews of May 2023: the input first, no preamble.',
    prompt_input: '### Input:\n{input}\n\n### Instruction:\n{instruction}\n\n### Response:',
    prompt_no_input: '### Instruction:\n{instruction}\n\n### Response:',
    response_split: '### Response:',
  },
  {
    name: 'openalpaca_eos_bos',
    description: 'OpenAlpaca’s previews of May 2023, with EOS and BOS in front of the answer, as they were trained.',
    prompt_input: '### Input:\n{input}\n\n### Instruction:\n{instruction}\n\n### Response:',
    prompt_no_input: '### Instruction:\n{instruction}\n\n### Response:',
    response_split: '### Response:',
    separator: 'eos-bos',
  },
  {
    name: 'openalpaca_june',
    description: 'OpenAlpaca since June 2023: Stanford’s form, the answer tokenized by itself.',
    prompt_input: `${PREAMBLE_INPUT}${WITH_INPUT}`,
    prompt_no_input: `${ALPACA_PREAMBLE}\n\n${WITHOUT_INPUT}`,
    response_split: '### Response:',
    separator: 'apart',
  },
];

/** The prompt for an instruction; an empty input takes the form without one. */
export function fillTemplate(template: PromptTemplate, instruction: string, input = ''): string {
  const values: Record<string, string> = { instruction, input };
  const form = input === '' ? template.prompt_no_input : template.prompt_input;
  // one pass, so that placeholders inside what a person wrote stay what they are
  return form.replace(/\{(instruction|input)\}/g, (_, name: string) => values[name]);
}
