// The only way into the store for a model. An import of files is planned, started, paused, resumed after a reload, cancelled; a
// model that is open already is copied in one go. What a pass over files does is in ./run.ts.

import { defined } from '../../core/defined';
import { PronkError } from '../../core/errors';
import { shownName } from '../../core/shown-name';
import { createHasher, type HasherFactory } from '../../core/hash';
import type { Quantize } from '../../formats/checkpoint/weights';
import { type Journal, listJournals, readJournal, removeJournal } from '../../storage/journal';
import { ifUnlocked, whenUnlocked } from '../../storage/locks';
import type { AccessToken } from '../../hub/access';
import type { Manifest } from '../../storage/manifest';
import type { Store } from '../../storage/store';
import { writeModel } from '../../storage/stored-model';
import { createTokenizer } from '../../tokenizer/index';
import type { Model } from '../models/model';
import { type GivenSource, recognise } from './identity';
import { lookAt } from './look';
import { type OpenedOrigin, type OpenOptions, type Origin, openOrigin, type StoredOrigin } from './origin';
import type { Offer } from './plan';
import {
  beginJournal,
  canResume,
  discard,
  type ImportProgress,
  type RunOptions,
  type RunSizes,
  runImport,
} from './run';
import type { ImportPlan, PendingImport } from './types';
import { tellWaits } from './waiting';

export interface ImportsOptions extends Omit<OpenOptions, 'hashers'> {
  readonly store: Store;
  /** Makes the hashers; without it, imports hash in this thread. */
  readonly hashers?: HasherFactory | undefined;
  /** Makes the converters; without it, imports convert in this thread. */
  readonly converters?: RunOptions['converters'];
  /** Asked for the machine's memory and storage at each plan. */
  readonly offer?: () => Promise<Offer>;
  /** Runs a task while no other tab changes the list of models. */
  readonly committing?: RunOptions['committing'];
  /** Told of work that a tokenizer in the files may never end. */
  readonly onHeld?: RunOptions['onHeld'];
}

export interface CopyOptions {
  /** An existing model of that id is replaced once the new one is complete; a new id without it. */
  readonly id?: string;
  /** An existing model of that id stays, and nothing is stored. */
  readonly once?: boolean;
  /** Default: the model's own. */
  readonly source?: string;
  readonly bundled?: boolean;
  /** Told the bytes stored so far. */
  readonly onProgress?: (bytes: number) => void;
}

interface Running {
  readonly controller: AbortController;
  /** When nothing is written any more. */
  readonly ended: Promise<void>;
}

interface Planned {
  readonly origin: Origin;
  readonly opened: OpenedOrigin;
  readonly plan: ImportPlan;
}

const lockOf = (id: string) => `pronk-import:${id}`;

export class Imports {
  readonly #options: ImportsOptions;
  readonly #opening: OpenOptions;
  readonly #planned = new Map<string, Planned>();
  /** Plans that are being made. */
  readonly #looking = new Map<string, AbortController>();
  readonly #running = new Map<string, Running>();

  constructor(options: ImportsOptions) {
    this.#options = options;
    const { hashers = createHasher, fetch, endpoint } = options;
    this.#opening = { hashers, fetch, endpoint };
  }

  /**
   * Looks at an origin; files of an earlier plan of the same id are added to. Nothing is copied.
   * @param onProgress told while a server is waited for
   */
  async plan(id: string, origin: Origin, onProgress?: ImportProgress): Promise<ImportPlan> {
    const before = this.#planned.get(id)?.origin;
    const whole = before?.kind === 'files' && origin.kind === 'files' ? merged(before, origin) : origin;
    const looking = new AbortController();
    this.#looking.set(id, looking);
    const waits = tellWaits((stage = 'Looking') => onProgress?.(stage, 0, 0));
    try {
      const options = { ...this.#opening, signal: looking.signal, onWait: waits.begin };
      const { store, offer } = this.#options;
      const all = await openOrigin(whole, options);
      const { plan, opened } = await lookAt(all, whole, { store, offer: await offer?.(), opening: this.#opening });
      looking.signal.throwIfAborted();
      this.#planned.set(id, { origin: whole, opened, plan });
      return plan;
    } finally {
      waits.end();
      if (this.#looking.get(id) === looking) this.#looking.delete(id);
    }
  }

  /** The opened origin of a plan. @throws PronkError `missing-import` */
  planned(id: string): OpenedOrigin {
    const planned = this.#planned.get(id);
    if (!planned) throw new PronkError('missing-import', 'These files are no longer known. Add them again.');
    return planned.opened;
  }

  /** Makes a model of a planned origin, with the plan's id. */
  async start(
    id: string,
    { quantize, name }: { readonly quantize: Quantize; readonly name?: string | undefined },
    onProgress?: ImportProgress,
    sizes: RunSizes = {},
  ): Promise<Manifest> {
    const opened = this.planned(id);
    const { plan } = defined(this.#planned.get(id), 'the plan');
    const problem = plan.problem ?? refusal(plan, quantize);
    if (problem) throw new PronkError(problem.code, problem.message);
    const { store } = this.#options;
    return this.#exclusively(id, async (signal) => {
      const journal = await beginJournal(store, id, opened, { name: shownName(name ?? '', plan.name), quantize });
      const manifest = await this.#run(journal, opened, signal, onProgress, sizes);
      this.#planned.delete(id);
      return manifest;
    });
  }

  /**
   * Stores a model that is open: one of another store, one that comes with the page, files that are at hand. It is there whole
   * or not at all, and a copy that was cut off begins anew.
   * @throws PronkError `quota-exceeded`; what reading the model throws
   */
  async copy(model: Model, { id = crypto.randomUUID(), once, ...options }: CopyOptions = {}): Promise<Manifest> {
    const { store, committing = (task) => task() } = this.#options;
    const { name, licence, config, tokenizer, tensors } = model;
    createTokenizer(tokenizer);
    const { source = model.source, bundled = false, onProgress } = options;
    const meta = { name: shownName(name), licence, config, tokenizer, source, addedAt: Date.now(), bundled };
    // other tabs sweep what no manifest and no journal names, unless somebody changes the list
    return committing(async () => {
      const existing = once ? await store.records.get<Manifest>('models', id) : undefined;
      return existing ?? writeModel(store, id, meta, tensors, { onProgress });
    });
  }

  /**
   * Resumes an import.
   * @param files the same ones again, where it reads files
   * @param tokens for a repository that asks for one
   */
  async resume(
    id: string,
    { files = [], tokens }: { readonly files?: readonly GivenSource[]; readonly tokens?: readonly AccessToken[] } = {},
    onProgress?: ImportProgress,
    sizes: RunSizes = {},
  ): Promise<Manifest> {
    const { store } = this.#options;
    // the journal is read under the lock: another tab may have resumed it, or finished it, while this one waited
    return this.#exclusively(id, async (signal) => {
      const journal = await this.#interrupted(id);
      if (!journal) {
        const manifest = await store.records.get<Manifest>('models', id);
        if (manifest) return manifest;
        throw new PronkError('missing-import', 'This import no longer exists. Start it again.');
      }
      try {
        const opened = await this.#reopen(journal, files, tokens, signal);
        return await this.#run(journal, opened, signal, onProgress, sizes);
      } catch (error) {
        if (!signal.aborted) throw error;
        if (!canResume(signal.reason)) await discard(store, journal);
        throw signal.reason;
      }
    });
  }

  /** Stops an import so that it can be resumed. */
  pause(id: string): void {
    this.#running.get(id)?.controller.abort(new PronkError('paused', 'The import is paused.'));
  }

  /** Ends an import, or a plan; nothing of it stays. @throws PronkError `busy` while another tab works on it */
  async cancel(id: string): Promise<void> {
    const cancelled = new PronkError('cancelled', 'The import was cancelled.');
    this.#looking.get(id)?.abort(cancelled);
    this.#planned.get(id)?.opened.abort?.(cancelled);
    this.#planned.delete(id);
    const running = this.#running.get(id);
    if (running) {
      running.controller.abort();
      return running.ended;
    }
    const ended = await whenUnlocked(lockOf(id), async () => {
      const journal = await this.#interrupted(id);
      if (journal) await discard(this.#options.store, journal);
      return true;
    });
    if (!ended) throw busy();
  }

  /** Imports that can be resumed and that no tab is working on. */
  async pending(): Promise<PendingImport[]> {
    const { store } = this.#options;
    const journals = (await listJournals(store)).filter(({ id }) => !this.#running.has(id));
    const found = await Promise.all(
      journals.map(async (journal) => {
        const interrupted = await whenUnlocked(lockOf(journal.id), () => this.#interrupted(journal.id));
        return interrupted ? [pendingOf(interrupted)] : [];
      }),
    );
    return found.flat().toSorted((a, b) => b.startedAt - a.startedAt);
  }

  /** The journal of an interrupted import that no tab works on; undefined where its model is complete. */
  async #interrupted(id: string): Promise<Journal | undefined> {
    const { store } = this.#options;
    const journal = await readJournal(store, id);
    if (!journal) return undefined;
    // stored whole, but cut off before its journal was removed
    const manifest = await store.records.get<Manifest>('models', id);
    if (!manifest?.shards.some(({ key }) => key.startsWith(`${journal.prefix}/`))) return journal;
    await removeJournal(store, id);
    return undefined;
  }

  /** Handles by which a pending import's files are found, where the browser has them. */
  async handles(id: string): Promise<readonly unknown[]> {
    return (await readJournal(this.#options.store, id))?.handles ?? [];
  }

  async #reopen(
    journal: Journal,
    files: readonly GivenSource[],
    tokens: readonly AccessToken[] | undefined,
    signal: AbortSignal,
  ): Promise<OpenedOrigin> {
    const stored = journal.origin as StoredOrigin;
    if (stored.kind === 'hub') return openOrigin({ ...stored, tokens }, { ...this.#opening, signal, resumes: true });
    const { found, missing } = await recognise(journal.files, files);
    if (missing.length > 0) {
      const message = `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} needed to continue, the same as before. Add ${missing.length > 1 ? 'them' : 'it'} again.`;
      throw new PronkError('missing-file', message);
    }
    if (stored.kind === 'weight-diff') {
      const [base, diff] = [found.slice(0, stored.baseFiles), found.slice(stored.baseFiles)];
      return openOrigin({ kind: 'weight-diff', base, diff }, this.#opening);
    }
    return openOrigin({ kind: 'files', files: found }, this.#opening);
  }

  #run(
    journal: Journal,
    opened: OpenedOrigin,
    signal: AbortSignal,
    onProgress: ImportProgress | undefined,
    sizes: RunSizes,
  ): Promise<Manifest> {
    const { store, committing, converters, onHeld } = this.#options;
    const { hashers } = this.#opening;
    const options = { hashers, converters, signal, onProgress, onHeld, ...sizes, ...(committing && { committing }) };
    return runImport(store, journal, opened, options);
  }

  /** Runs one import of an id at a time, in all tabs. */
  async #exclusively<T extends object>(id: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#running.has(id)) throw busy();
    const controller = new AbortController();
    let end = () => {};
    this.#running.set(id, { controller, ended: new Promise((resolve) => (end = resolve)) });
    try {
      const result = await ifUnlocked(lockOf(id), () => task(controller.signal));
      if (!result) throw busy();
      return result;
    } finally {
      this.#running.delete(id);
      end();
    }
  }
}

function busy(): PronkError {
  return new PronkError('busy', 'This import is already running, here or in another tab.');
}

type FilesOrigin = Origin & { readonly kind: 'files' };

function merged(before: FilesOrigin, more: FilesOrigin): FilesOrigin {
  const added = new Set(more.files.map(({ path }) => path));
  return { kind: 'files', files: [...before.files.filter(({ path }) => !added.has(path)), ...more.files] };
}

function refusal(plan: ImportPlan, quantize: Quantize): ImportPlan['problem'] {
  const message = plan.choices.find((choice) => choice.quantize === quantize)?.problem;
  return message === undefined ? undefined : { code: 'does-not-fit', message };
}

function pendingOf({ id, name, done, total, startedAt, files, handles }: Journal): PendingImport {
  return {
    id,
    name,
    done,
    total,
    startedAt,
    needs: handles ? 'permission' : files.length > 0 ? 'files' : 'nothing',
    ...(handles && { handles }),
    files: files.map(({ path, size }) => ({ name: path, size })),
  };
}
