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
  const { config, kinds, types, parameters } = opened;
  if (types) {
    const said = Object.entries(counts(types)).map(([type, count]) => `${count} in ${type}`);
    console.error(`Tensors: ${said.join(', ')}.`);
  }
  print({
    architecture: config.architecture,
    parameters,
    vocabulary: config.vocabSize,
    context: config.contextLength,
    layers: config.numLayers,
    tensors: counts(kinds),
  });
}

function counts(names: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const name of names) result[name] = (result[name] ?? 0) + 1;
  return result;
}
