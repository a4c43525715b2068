// `import`: a model converted once, into a folder that every command takes as its `--model`.
import { sweep, writeModel } from '../storage/stored-model';
import { createTokenizer } from '../tokenizer/index';
import { oneOf, parseOptions, required } from './arguments';
import { fileStore } from './file-store';
import type { Print } from './main';
import { openModel, QUANTIZE } from './model';

/** The folder's only model; importing again replaces it. */
const ID = 'model';

export async function importCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', quantize: 'text', out: 'text' });
  const quantize = oneOf(options.quantize ?? 'keep', 'quantize', QUANTIZE);
  const store = fileStore(required(options.out, 'out'));
  const model = await openModel(required(options.model, 'model'), quantize);
  createTokenizer(model.tokenizer);
  // what an import that was cut off left behind
  await sweep(store);
  const { name, licence, config, tokenizer, tensors, source } = model;
  const meta = {
    name,
    config,
    tokenizer,
    source,
    addedAt: Date.now(),
    ...(licence !== undefined && { licence }),
  };
  const manifest = await writeModel(store, ID, meta, tensors, { onProgress: (bytes) => print({ bytes }) });
  print({ done: true, bytes: manifest.bytes, tensors: manifest.tensors.length });
}
