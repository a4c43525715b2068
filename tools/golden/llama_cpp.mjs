// What llama.cpp makes of texts, for llama_cpp.py: node llama_cpp.mjs FOLDER JOBS OUT, node-llama-cpp in FOLDER.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, jobs, out] = process.argv.slice(2);
const entry = createRequire(resolve(folder, 'package.json')).resolve('node-llama-cpp');
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, logLevel: 'error', build: 'never' });
const results = [];
for (const { file, texts, special } of JSON.parse(readFileSync(jobs, 'utf8'))) {
  const model = await llama.loadModel({ modelPath: file, vocabOnly: true });
  const ids = texts.map((text) => Array.from(model._model.tokenize(text, special)));
  const ends = model.fileInfo.metadata.tokenizer.ggml.tokens.flatMap((_, id) => (model.isEogToken(id) ? [id] : []));
  results.push({ ids, ends });
  await model.dispose();
}
writeFileSync(out, JSON.stringify(results));
process.exit(0);
