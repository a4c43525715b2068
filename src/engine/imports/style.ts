// The publisher whose prompt and sampling a model was trained with, as far as names tell.

import type { PatchTable, PromptStyle } from './types';

/** @param patch the encrypted files that it came out of, if it did */
export function styleOf(name: string, patch?: PatchTable): PromptStyle | undefined {
  if (patch?.files.some(({ published, state }) => published && state !== 'missing')) return 'point-alpaca';
  if (/point.?alpaca/i.test(name)) return 'point-alpaca';
  if (/open.?alpaca/i.test(name)) return 'openalpaca';
  return /alpaca/i.test(name) ? 'alpaca-lora' : undefined;
}
