// The bundled model against PyTorch on the same file (tools/demo-model/export.py): ids, prompts, and greedy answers.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAdapter } from './dawn';
import { encodePrompt, promptText, type Prompt } from '../engine/generation/prompt';
import { openCheckpoint } from '../formats/checkpoint/open';
import { weightTensors } from '../formats/checkpoint/weights';
import { openAdapter } from '../gpu/device';
import { createSession, type Session } from '../model/inference/session';
import { GREEDY } from '../ops/sample/sampling';
import { createTokenizer } from '../tokenizer/index';
import { promptTemplates } from '../tokenizer/prompt-templates';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { modelFiles } from './node-store/files';

interface Expected {
  prompt: string;
  /** The prompt as the chat template renders it. */
  text: string;
  ids: number[];
  answer: string;
  answerIds: number[];
}
const FILE = 'public/demo-model/pronk-6m-q8_0.gguf';
const expected = JSON.parse(await readFile('tools/demo-model/expected.json', 'utf8')) as Expected[];

let session: Session;
let tokenizer: Tokenizer;
beforeAll(async () => {
  const checkpoint = await openCheckpoint(await modelFiles(FILE));
  tokenizer = createTokenizer(checkpoint.tokenizer);
  const gpu = await openAdapter(await findAdapter());
  session = await createSession(gpu, checkpoint.config, weightTensors(checkpoint, 'keep'), {
    precision: 'exact',
    context: 256,
  });
});
afterAll(() => session.destroy());

async function answer(ids: readonly number[]): Promise<number[]> {
  const out: number[] = [];
  for await (const id of session.generate(ids, GREEDY, 120)) {
    if (tokenizer.eosIds.includes(id)) break;
    out.push(id);
  }
  return out;
}

test.each(expected)('$prompt', async ({ prompt, text, ids, answer: words, answerIds }) => {
  const chat: Prompt = { kind: 'chat', messages: [{ role: 'user', content: prompt }] };
  expect(promptText(tokenizer, chat)).toBe(text);
  expect(encodePrompt(tokenizer, chat, 256, 100).ids).toEqual(ids);
  expect(await answer(ids)).toEqual(answerIds);
  expect(tokenizer.decode(answerIds)).toBe(words);
});

test('follows Alpaca’s prompt, and stops by itself', async () => {
  const template = promptTemplates.find(({ name }) => name === 'alpaca')!;
  const instruct: Prompt = { kind: 'instruct', instruction: 'What is the capital of France?', input: '', template };
  const ids = await answer(encodePrompt(tokenizer, instruct, 256, 100).ids);
  expect(tokenizer.decode(ids)).toBe('The capital of France is Paris.');
});
