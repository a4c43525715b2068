// The tokenizers of src/tokenizer/golden, as models would bring them.
import { readFileSync } from 'node:fs';
import { createTokenizer, type Tokenizer } from '../../tokenizer/index';

const path = new URL('../../tokenizer/golden/tokenizers.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { readonly json: unknown }>;

/** LLaMA-like: BOS 1 in front, EOS 2. */
export function llamaTokenizer(): Tokenizer {
  return createTokenizer({
    definition: { kind: 'huggingface', json: JSON.stringify(golden['llama2'].json) },
    bosId: 1,
    eosIds: [2],
    addBos: true,
    specialTokens: { bos_token: '<s>', eos_token: '</s>' },
  });
}

/** ChatML-like: no BOS, turns end with `<|im_end|>`. */
export function chatTokenizer(chatTemplate?: string): Tokenizer {
  return createTokenizer({
    definition: { kind: 'huggingface', json: JSON.stringify(golden['smollm'].json) },
    eosIds: [401],
    addBos: false,
    specialTokens: { eos_token: '<|im_end|>' },
    ...(chatTemplate !== undefined && { chatTemplate }),
  });
}
