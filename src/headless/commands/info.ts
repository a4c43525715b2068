// `info`: what a model is. It reads headers, and never opens a GPU.
import { parseOptions, required } from '../arguments';
import { openModel, openVocabulary } from '../input/model';
import type { Print } from '../print';

export async function info(argv: readonly string[], print: Print): Promise<void> {
  const path = required(parseOptions(argv, { model: 'text' }).model, 'model');
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
