// Commands that read files and never open a GPU: info, tokenize, detokenize.
import { createTokenizer } from '../../tokenizer/index';
import { parseIds, parseOptions, required, UsageError } from '../arguments';
import { textAt } from '../node-store/files';
import { modelTokenizer, openModel, openVocabulary } from '../model';
import type { Print } from '../print';

export async function info(argv: readonly string[], print: Print): Promise<void> {
  const { model } = parseOptions(argv, { model: 'text' });
  const path = required(model, 'model');
  const opened = await openModel(path, 'keep').catch(async (error: unknown) => {
    const alone = await openVocabulary(path).catch(() => undefined);
    if (!alone) throw error;
    return alone;
  });
  if (!('kinds' in opened)) {
    const { architecture = null, vocabulary, context = null, layers = null } = opened;
    print({ architecture, parameters: 0, vocabulary, context, layers, tensors: {} });
    return;
  }
  const { config, kinds, parameters } = opened;
  const tensors: Record<string, number> = {};
  for (const kind of kinds) tensors[kind] = (tensors[kind] ?? 0) + 1;
  print({
    architecture: config.architecture,
    parameters,
    vocabulary: config.vocabSize,
    context: config.contextLength,
    layers: config.numLayers,
    tensors,
  });
}

export async function tokenize(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', text: 'text', file: 'text', 'no-special': 'flag' });
  const { text: given, file } = options;
  if ((given === undefined) === (file === undefined))
    throw new UsageError('Exactly one of --text and --file is needed.');
  const tokenizer = createTokenizer(await modelTokenizer(required(options.model, 'model')));
  const text = given ?? (await textAt(file ?? ''));
  const ids = tokenizer.encode(text);
  const bos = !options['no-special'] && tokenizer.addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId] : [];
  print({ ids: [...bos, ...ids] });
}

export async function detokenize(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', ids: 'text' });
  const tokenizer = createTokenizer(await modelTokenizer(required(options.model, 'model')));
  print({ text: tokenizer.decode(parseIds(required(options.ids, 'ids'))) });
}
