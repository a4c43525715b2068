// One import from its first byte to its manifest, or from where its journal stands. It knows neither plans nor locks.

import { PronkError } from '../../core/errors';
import type { HasherFactory } from '../../core/hash';
import type { Quantize } from '../../formats/checkpoint/weights';
import { type Journal, JOURNAL_VERSION, removeJournal, writeJournal } from '../../storage/journal';
import type { Manifest } from '../../storage/manifest';
import { ModelWriter } from '../../storage/model-writer';
import type { Store } from '../../storage/store';
import { commitModel, deletePrefix, newPrefix } from '../../storage/stored-model';
import { held, type OnHeld } from '../generation/held';
import { createTokenizer } from '../../tokenizer/index';
import { type ConverterFactory, converterHere } from './converter';
import { ErrorMeter } from './error-meter';
import type { OpenedOrigin } from './origin';
import { BATCH_BYTES, convert } from './pass';
import { SequentialSource } from './sequential';
import { styleOf } from './style';
import { tellWaits } from './waiting';

export type ImportProgress = (stage: string, done: number, total: number) => void;

export interface RunOptions {
  readonly hashers: HasherFactory;
  /** Makes the converter of the import; without it, the import converts in this thread. */
  readonly converters?: ConverterFactory | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ImportProgress | undefined;
  /** Held while the manifest is written, so that no other writer of it is between. */
  readonly committing?: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onHeld?: OnHeld | undefined;
  /** Sizes, for tests. */
  readonly batchBytes?: number | undefined;
  readonly shardBytes?: number | undefined;
  readonly smallBytes?: number | undefined;
}

/** Sizes that tests make small. */
export type RunSizes = Pick<RunOptions, 'batchBytes' | 'shardBytes' | 'smallBytes'>;

/** Files up to this size are checked against their digests before anything is made of them. */
const SMALL_FILE = 32 << 20;

/** A new import's journal, written before anything else. */
export async function beginJournal(
  store: Store,
  id: string,
  opened: OpenedOrigin,
  { name, quantize }: { readonly name: string; readonly quantize: Quantize },
): Promise<Journal> {
  const journal: Journal = {
    version: JOURNAL_VERSION,
    id,
    name,
    startedAt: Date.now(),
    ...(await opened.remember()),
    quantize,
    identity: await opened.identity(),
    prefix: newPrefix(id),
    written: { shards: [], tensors: [] },
    hashes: [],
    errors: {},
    done: 0,
    total: opened.files.reduce((sum, { source }) => sum + source.size, 0),
  };
  await writeJournal(store, journal);
  return journal;
}

/**
 * Runs an import to its end. A failure for good leaves nothing in the store; one that can be resumed keeps its journal (`canResume`).
 * @throws PronkError whatever is wrong with the files; the signal's reason
 */
export async function runImport(
  store: Store,
  begun: Journal,
  opened: OpenedOrigin,
  options: RunOptions,
): Promise<Manifest> {
  let journal = begun;
  const { hashers, signal, onProgress, committing = (task) => task(), batchBytes, shardBytes } = options;
  const { smallBytes = SMALL_FILE, converters = converterHere } = options;
  const converter = converters();
  // windows no larger than a batch, so that tests with small ones see several
  const window = Math.min(batchBytes ?? BATCH_BYTES, BATCH_BYTES) >> 2 || 1;
  const sources = opened.files.map(
    ({ source, expected }) => new SequentialSource(source, { hashers, signal, window, ...(expected && { expected }) }),
  );
  const done = () => sources.reduce((sum, { position }) => sum + position, 0);
  const stage = opened.download ? 'Downloading' : 'Converting';
  const end = () => opened.abort?.(signal.reason);
  const waits = tellWaits((waiting = stage) => onProgress?.(waiting, done(), journal.total));
  opened.begin?.(waits.begin);
  signal.addEventListener('abort', end, { once: true });
  try {
    // what was paused or cancelled while it was being opened
    signal.throwIfAborted();
    onProgress?.('Checking', 0, journal.total);
    journal = await withoutLost(store, journal);
    const passed = sources.filter((source) => !isChecked(source, smallBytes));
    for (const [i, source] of passed.entries()) source.resumeFrom(journal.hashes[i]);
    await checkSmall(sources.filter((source) => isChecked(source, smallBytes)));
    const checkpoint = await opened.open(sources);
    held(options.onHeld, journal.id, () => createTokenizer(checkpoint.tokenizer), journal.name);
    for (const source of passed) await source.begin();
    const meter = new ErrorMeter(journal.errors);
    /** The meter's sums by the number of groups that they are of: more is converted than what is stored. */
    const sums = new Map([[groupsOf(journal.written), meter.sums]]);
    const keep = async (written: Journal['written']) => {
      const hashes = await Promise.all(passed.map((source) => source.saveHash()));
      const groups = groupsOf(written);
      for (const count of sums.keys()) if (count < groups) sums.delete(count);
      await writeJournal(store, { ...journal, written, hashes, errors: sums.get(groups) ?? meter.sums, done: done() });
    };
    const writer = new ModelWriter(store.shards, journal.prefix, {
      from: journal.written,
      onStored: keep,
      ...(shardBytes !== undefined && { shardBytes }),
    });
    try {
      await convert(checkpoint, {
        quantize: journal.quantize,
        converter,
        writer,
        from: journal.written,
        meter,
        signal,
        ...(batchBytes !== undefined && { batchBytes }),
        onBatch: () => {
          sums.set(groupsOf(writer), meter.sums);
          onProgress?.(stage, done(), journal.total);
        },
      });
      const written = await writer.finish();
      for (const source of passed) {
        await source.finish();
        onProgress?.('Verifying', done(), journal.total);
      }
      signal.throwIfAborted();
      onProgress?.('Finishing', journal.total, journal.total);
      const { config, tokenizer } = checkpoint;
      const licence = checkpoint.licence ?? opened.licence;
      const style = styleOf(journal.name, opened.patch?.table);
      const meta = {
        name: journal.name,
        config,
        tokenizer,
        source: opened.source,
        quantize: journal.quantize,
        ...(journal.identity !== undefined && { identity: journal.identity }),
        addedAt: Date.now(),
        quality: { relativeError: meter.relative },
        ...(licence !== undefined && { licence }),
        ...(style && { style }),
      };
      const manifest = await committing(async () => {
        signal.throwIfAborted();
        return commitModel(store, journal.id, journal.prefix, meta, written);
      });
      await removeJournal(store, journal.id);
      return manifest;
    } catch (error) {
      await writer.settled();
      throw error;
    }
  } catch (caught) {
    // what ends a request may come wrapped
    const error = signal.aborted ? signal.reason : caught;
    if (!canResume(error)) await discard(store, journal);
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    waits.end();
    converter.end();
    for (const source of sources) source.close();
  }
}

/** Removes all that an import has stored: its journal first, so that an interruption leaves only shards, for `sweep`. */
export async function discard(store: Store, { id, prefix }: Pick<Journal, 'id' | 'prefix'>): Promise<void> {
  await removeJournal(store, id);
  await deletePrefix(store, prefix);
}

/** The journal, or its beginning if the disk has not kept what it says: a power cut can lose what was written last. */
async function withoutLost(store: Store, journal: Journal): Promise<Journal> {
  const { shards } = journal.written;
  const kept = await Promise.all(shards.map(async ({ key, bytes }) => (await store.shards.get(key))?.size === bytes));
  if (kept.every(Boolean)) return journal;
  return { ...journal, written: { shards: [], tensors: [] }, hashes: [], errors: {}, done: 0 };
}

function groupsOf({ tensors }: Pick<Journal['written'], 'tensors'>): number {
  return tensors.reduce((sum, { groups }) => sum + groups.length, 0);
}

/** Failures after which the same import may be resumed: the files are not to blame, or can be put back. */
const RESUMABLE = new Set([
  'paused',
  'network',
  'quota-exceeded',
  'no-permission',
  'gated',
  'changed-file',
  'unreadable-file',
  'worker-died',
]);

export function canResume(error: unknown): boolean {
  if (error instanceof PronkError) return RESUMABLE.has(error.code);
  // a cancelled import is not wanted; a disk or a browser that failed may do better next time
  return !(error instanceof Error && error.name === 'AbortError');
}

/** Configurations, tokenizers and the like are checked before anything is read out of them. */
function isChecked({ size, expected }: SequentialSource, smallBytes: number): boolean {
  return size <= smallBytes && Object.keys(expected).length > 0;
}

async function checkSmall(sources: readonly SequentialSource[]): Promise<void> {
  for (const source of sources) {
    await source.begin();
    await source.finish();
    source.close();
  }
}
