// The adapter that `--adapter DIR[=strength]` names: a folder's files, or one file, and how much of the adapter is used.
import { stat } from 'node:fs/promises';
import type { ModelConfig } from '../../core/model-config';
import type { Adapter } from '../../core/adapter';
import type { Source } from '../../core/source';
import { readAdapter } from '../../formats/adapters/index';
import type { WeightTensor } from '../../core/weight-kinds';
import { UsageError } from '../arguments';
import { fileAt, folderFiles, pathInfo } from '../node-store/files';

/** The model that an adapter is read for. */
export interface AdaptedModel {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
}

/** @throws PronkError `no-file` */
export async function adapterFilesAt(path: string): Promise<Source[]> {
  return (await pathInfo(path)).isDirectory() ? folderFiles(path) : [await fileAt(path)];
}

/** An adapter, read for a model. @throws PronkError `no-file`, `adapter-empty`, `adapter-mismatch`, … */
export async function adapterAt(path: string, { config, tensors }: AdaptedModel): Promise<Adapter> {
  return readAdapter(await adapterFilesAt(path), config, tensors);
}

/** A path may have an equals sign of its own: what exists as it stands is taken so. @throws UsageError */
export async function pathAndStrength(text: string): Promise<{ path: string; strength: number }> {
  const at = text.lastIndexOf('=');
  if (at < 0 || (await stat(text).catch(() => undefined))) return { path: text, strength: 1 };
  const [path, number] = [text.slice(0, at), text.slice(at + 1)];
  const strength = Number(number);
  if (number.trim() === '' || !Number.isFinite(strength)) {
    throw new UsageError(`--adapter takes DIR or DIR=strength, where strength is a number, not ${text}.`);
  }
  return { path, strength };
}
