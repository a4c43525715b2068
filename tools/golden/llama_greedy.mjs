// What llama.cpp says after some ids, greedily and with a cache in f32, for a GGUF file that Pronk wrote to be held against:
// node llama_greedy.mjs FOLDER MODEL.gguf 1,2,3 COUNT, node-llama-cpp in FOLDER. Run by hand: prints the ids.
// A cache in f16, which is llama.cpp's own choice, says otherwise where two tokens are nearly as likely.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modelPath, given, count] = process.argv.slice(2);
const entry = createRequire(resolve(folder, 'package.json')).resolve('node-llama-cpp');
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, logLevel: 'error', build: 'never' });
const model = await llama.loadModel({ modelPath });
const exact = { flashAttention: false, experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' };
const ids = given.split(',').map(Number);
const context = await model.createContext({ contextSize: ids.length + Number(count) + 8, ...exact });
const said = [];
for await (const id of context.getSequence().evaluate(ids, { temperature: 0, topK: 1 })) {
  if (said.push(id) >= Number(count)) break;
}
console.log(said.join(','));
process.exit(0);
