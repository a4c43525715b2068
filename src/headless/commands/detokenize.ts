// `detokenize`: token ids as text. It never opens a GPU.
import { parseIds, parseOptions, required } from '../arguments';
import { tokenizerAt } from '../input/model';
import type { Print } from '../print';

export async function detokenize(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', ids: 'text' });
  const tokenizer = await tokenizerAt(required(options.model, 'model'));
  print({ text: tokenizer.decode(parseIds(required(options.ids, 'ids'))) });
}
