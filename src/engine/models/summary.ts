// A stored model as the page shows it: plain data, so that it can cross from a worker.
import { fromStoredConfig } from '../../core/model-config';
import { shownName } from '../../core/shown-name';
import type { WeightKind } from '../../core/weight-kinds';
import { positionBytes } from '../../model/inference/kv-cache';
import type { Precision } from '../../ops/tuning';
import type { Manifest } from '../../storage/manifest';
import type { PromptStyle, Quality } from '../imports/types';
import type { AdapterUse } from '../training/types';

export interface ModelSummary {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Bytes of KV cache for each position. */
  readonly cacheBytes: Readonly<Record<Precision, number>>;
  /** Stored bytes. */
  readonly bytes: number;
  /** Kinds of its matrices, the most bytes first, e.g. `q8`, `q4 + f16` */
  readonly quantization: string;
  readonly source: string;
  readonly licence: string | undefined;
  /** The model that ships with the page. */
  readonly bundled: boolean;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** When it was last put on a GPU; when it was added, if it never was. */
  readonly usedAt: number;
  /** Error against the source, for models that were converted. */
  readonly quality?: Quality;
  /** The publisher whose prompt and sampling it was trained with, as far as is known. */
  readonly style?: PromptStyle;
  /** Adapters that it is used with unless a request says otherwise. */
  readonly adapters?: readonly AdapterUse[];
}

/** Summarizes a stored model. */
export function modelSummary(manifest: Manifest): ModelSummary {
  const { id, name, config, parameters, bytes, source, licence, bundled = false, addedAt, usedAt = addedAt } = manifest;
  const { quality, style, adapters } = manifest;
  return {
    id,
    // stored names may be older than this rule
    name: shownName(name),
    architecture: config.architecture,
    parameters,
    contextLength: config.contextLength,
    vocabSize: config.vocabularySize,
    cacheBytes: positionBytes(fromStoredConfig(config)),
    bytes,
    quantization: quantization(manifest),
    source,
    licence,
    bundled,
    addedAt,
    usedAt,
    ...(quality && { quality }),
    ...(style && { style }),
    ...(adapters?.length && { adapters }),
  };
}

function quantization({ tensors }: Manifest): string {
  const weights = new Map<WeightKind, number>();
  for (const { kind, rows, columns } of tensors) {
    if (rows > 1) weights.set(kind, (weights.get(kind) ?? 0) + rows * columns);
  }
  return [...weights]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind]) => kind)
    .join(' + ');
}
