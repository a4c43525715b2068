// Inputs that went wrong once, run through the command line whole: a table of each, what is wanted, and what came out.
// Usage: node tools/faults.mjs [FOLDER]; the folder is ../shared/faults where none is given. Exit code 1 where one is wrong.
// Wanted ids and argmaxes are those of tokenizers 0.23 and transformers 5.18 in float64.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = process.argv[2] ?? join(root, '../shared/faults');

/** Rows kept, and left out, of each file of examples. */
const DATASETS = {
  'array-per-line.jsonl': [2, 0],
  'bom-mid.jsonl': [2, 0],
  'bom-start.jsonl': [2, 0],
  'caps.json': [1, 0],
  'concat.json': [2, 0],
  'cr-only.jsonl': [2, 0],
  'crlf.json': [1, 0],
  'data-wrapper.json': [1, 0],
  'datasets-server.json': [1, 0],
  'dict-by-id.json': [2, 0],
  'dup-key.json': [1, 0],
  'empty-list.json': 'bad-dataset',
  'empty.json': 'bad-dataset',
  'excel-trailing.csv': [2, 0],
  'guanaco.jsonl': [1, 0],
  'history.json': [1, 0],
  'inch.csv': [1, 0],
  'input-noinput.json': [2, 0],
  'inputs-targets.json': [1, 0],
  'instruction-only-text.json': [1, 0],
  'lines-with-commas.jsonl': [2, 0],
  'list-output.json': [2, 0],
  'lone-surrogate.jsonl': [1, 0],
  'messages-string.csv': [1, 0],
  'missing-output.json': [1, 1],
  'multiline-quote.csv': [1, 0],
  'null-instruction.json': [1, 1],
  'null-output.json': [1, 1],
  'oasst-text.jsonl': [1, 0],
  'openai-weight.jsonl': [1, 0],
  'pandas-columns.json': [2, 0],
  'pandas-index.csv': [1, 0],
  'pandas-lists.json': [2, 0],
  'pandas-split.json': [1, 0],
  'pretty.jsonl': [2, 0],
  'prompt-chosen.json': [1, 0],
  'query-response.json': [1, 0],
  'question-answer-extra.json': [1, 0],
  'rawtab.json': [1, 0],
  'rows-wider-blank.csv': [2, 0],
  'semicolon-bom.csv': [1, 0],
  'sep-line.csv': [1, 0],
  'sharegpt-empty.json': [1, 1],
  'sharegpt-ends-human.json': [1, 0],
  'sharegpt-gpt-first.json': [1, 0],
  'sharegpt-only-human.json': [1, 1],
  'sharegpt-same-role.json': [1, 0],
  'sharegpt-system-mid.json': [1, 0],
  'sharegpt-user-ai.json': [1, 0],
  'short-row.csv': [1, 1],
  'split-wrapper.json': [1, 0],
  'u2028.jsonl': [1, 0],
  'ws.json': 'bad-dataset',
};

/** Ids that a text has, without the token that begins it. */
const TOKENS = [
  ['t11-single-word-lstrip', 'othello hello', [78, 83, 257, 269, 78, 220, 278]],
  ['t11-single-word-lstrip', 'a [SEP] b', [64, 279, 65]],
  ['t11-single-word-lstrip', 'a    b  [SEP]\n c', [64, 280, 65, 279, 66]],
];

/** Tokens of a chat of two messages, in the model's own template. */
const CHAT_TOKENS = { 't2-v5-save-plus-model': 27, 't3-rstrip-special': 13 };

const IDS = [1, 5, 9, 300, 42, 17, 8, 250];

/** The likeliest next token after each of IDS. */
const ARGMAX = {
  c13: [8, 8, 474, 408, 442, 171, 130, 399],
  c18b: [105, 460, 385, 457, 208, 200, 15, 457],
  'c20-index-stale-head': [168, 319, 120, 15, 478, 154, 312, 290],
  'c20d-single-plus-stale-index': [168, 319, 120, 15, 478, 154, 312, 290],
  'g2-scale_linear/m.gguf': [434, 422, 447, 21, 11, 493, 422, 21],
};

function pronk(...argv) {
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'tools/headless.mjs'), ...argv], {
    encoding: 'utf8',
  });
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { status, lines, last: lines.at(-1) ?? {} };
}

/** What came out where a command failed. */
const failure = ({ last, status }) => last.error?.code ?? `exit code ${status}`;

function* checks() {
  for (const file of readdirSync(join(folder, 'datasets')).toSorted()) {
    const wanted = DATASETS[file];
    const ran = pronk('dataset', '--data', join(folder, 'datasets', file));
    const got = ran.status === 0 ? [ran.last.kept, ran.last.rows - ran.last.kept] : failure(ran);
    yield { file: `datasets/${file}`, wanted: rows(wanted), got: rows(got) };
  }
  const added = join(folder, 't1-spm-added-nonspecial');
  const { ids = [] } = pronk('tokenize', '--model', added, '--text', 'take [DRUG] now').last;
  yield {
    file: 't1-spm-added-nonspecial',
    wanted: '512 in the ids',
    got: `512 ${ids.includes(512) ? '' : 'not '}in the ids`,
  };
  const { text = '' } = pronk('detokenize', '--model', added, '--ids', '512').last;
  yield { file: 't1-spm-added-nonspecial', wanted: '[DRUG]', got: text.trim() };
  const { vocabulary } = pronk('info', '--model', join(folder, 't2-v5-save-plus-model')).last;
  yield { file: 't2-v5-save-plus-model', wanted: '514 tokens', got: `${vocabulary} tokens` };
  const chat = join(folder, 't3-rstrip-special');
  for (const [name, wanted] of Object.entries(CHAT_TOKENS)) {
    const ran = pronk('dataset', '--model', join(folder, name), '--data', join(chat, 'd.jsonl'));
    yield {
      file: name,
      wanted: `${wanted} tokens`,
      got: ran.status === 0 ? `${ran.last.tokens} tokens` : failure(ran),
    };
  }
  const asked = pronk('generate', '--max-tokens', '1', '--model', chat, '--messages', join(chat, 'm.json'));
  yield {
    file: 't3-rstrip-special',
    wanted: '8 tokens',
    got: asked.last.usage ? `${asked.last.usage.prompt} tokens` : failure(asked),
  };
  for (const [name, given, wanted] of TOKENS) {
    const ran = pronk('tokenize', '--no-special', '--model', join(folder, name), '--text', given);
    yield { file: name, wanted: wanted.join(), got: ran.last.ids?.join() ?? failure(ran) };
  }
  for (const [name, wanted] of Object.entries(ARGMAX)) {
    const ran = pronk('logits', '--model', join(folder, name), '--ids', IDS.join());
    yield { file: name, wanted: wanted.join(), got: ran.last.argmax?.join() ?? failure(ran) };
  }
  const chatml = join(folder, 'gguf-chatml-end');
  const ran = pronk('generate', '--model', join(chatml, 'm.gguf'), '--messages', join(chatml, 'm.json'));
  yield { file: 'gguf-chatml-end', wanted: 'stop', got: ran.last.finish ?? failure(ran) };
}

function rows(counts) {
  return Array.isArray(counts) ? `${counts[0]} kept, ${counts[1]} left out` : String(counts);
}

if (!existsSync(folder)) {
  console.error(`There is no folder ${folder}. Name the folder with the inputs.`);
  process.exit(2);
}
let wrong = 0;
for (const { file, wanted, got } of checks()) {
  if (wanted !== got) wrong++;
  console.log(`${wanted === got ? 'as wanted' : 'WRONG    '}  ${file.padEnd(38)}  ${wanted.padEnd(42)}  ${got}`);
}
console.log(`${wrong} wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
