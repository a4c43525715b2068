// `detokenize`: token ids as text. It never opens a GPU.
import { parseIds, parseOptions, required } from '../arguments';
import { engineFor } from '../engine';
import type { Print } from '../print';

export async function detokenize(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', ids: 'text' });
  const { engine, id } = await engineFor(required(options.model, 'model'));
  const tokenizer = await engine.tokenizer(id);
  print({ text: tokenizer.decode(parseIds(required(options.ids, 'ids'))) });
}
