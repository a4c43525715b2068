// `tokenize`: text as token ids. It never opens a GPU.
import { parseOptions, required, UsageError } from '../arguments';
import { tokenizerAt } from '../input/model';
import { textAt } from '../node-store/files';
import type { Print } from '../print';

export async function tokenize(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', text: 'text', file: 'text', 'no-special': 'flag' });
  const { text: typed, file } = options;
  if ((typed === undefined) === (file === undefined))
    throw new UsageError('Exactly one of --text and --file is needed.');
  const tokenizer = await tokenizerAt(required(options.model, 'model'));
  const text = typed ?? (await textAt(file ?? ''));
  const ids = tokenizer.encode(text);
  const bos = !options['no-special'] && tokenizer.addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId] : [];
  print({ ids: [...bos, ...ids] });
}
