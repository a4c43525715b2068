// The rows of the open dataset: read as they come into sight, changed at once, stored as they are changed, and undone.
import { type Accessor, createEffect, createMemo, createSignal, on } from 'solid-js';
import type { DatasetSummary, Example } from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';
import { createAnswer } from '../shared/debounced-query';
import { countOf } from '../shared/format';
import type { Notices } from '../shared/notices';
import { emptyLike } from './row-text';
import { isRecord, readStored, writeStored } from '../shared/local-storage';

/** Rows that are read at once. */
const PAGE = 100;
/** Milliseconds after the last key until a change is stored. */
const PATIENCE = 350;
const LEFTOVER = 'unsaved-row';

interface Edit {
  readonly at: number;
  readonly before: readonly Example[];
  readonly after: readonly Example[];
}

export interface RowsState {
  readonly count: Accessor<number>;
  /** A row that has been read; asks for it where it has not. */
  row(index: number): Example | undefined;
  /** Index of the row that is shown; −1 where there is none. */
  readonly selected: Accessor<number>;
  select(index: number): void;
  change(index: number, row: Example): void;
  /** Adds an empty row of the dataset's kind after the shown one, and shows it. */
  add(): void;
  /** Adds rows after the last. */
  append(more: readonly Example[]): void;
  remove(index: number): void;
  /** Puts rows in the place of one. */
  replace(index: number, rows: readonly Example[]): void;
  /** Reads the corrected text of a row that could not be read. */
  readAgain(index: number): Promise<void>;
  /** Shows the next row that could not be read. */
  goToUnread(): Promise<void>;
  /** Leaves out all rows that could not be read. */
  removeUnread(): Promise<void>;
  readonly search: Accessor<string>;
  setSearch(text: string): void;
  /** Indices of the rows that hold the text that is searched; undefined where none is. */
  readonly found: Accessor<readonly number[] | undefined>;
  readonly canUndo: Accessor<boolean>;
  undo(): void;
  readonly canRedo: Accessor<boolean>;
  redo(): void;
  /** Counts what was stored, so that reports know when they are old. */
  readonly version: Accessor<number>;
  /** Stores what is still being typed. */
  flush(): Promise<void>;
}

export function createRows(
  client: Client,
  dataset: Accessor<DatasetSummary | undefined>,
  notices: Notices,
  onStored: (summary: DatasetSummary) => void,
): RowsState {
  /** By index; holes have not been read. */
  let rows: (Example | undefined)[] = [];
  let asked = new Set<number>();
  let edits: Promise<unknown> = Promise.resolve();
  /** Typed and not yet stored; `waits` until it is handed over. */
  let typed: { readonly id: string; readonly at: number; readonly row: Example } | undefined;
  let waits = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Further letters belong to the last edit, so that undo takes back words. */
  let burst = false;
  const [count, setCount] = createSignal(0);
  const [seen, setSeen] = createSignal(0);
  const [version, setVersion] = createSignal(0);
  const [selected, setSelected] = createSignal(-1);
  const [search, setSearch] = createSignal('');
  const [done, setDone] = createSignal<readonly Edit[]>([]);
  const [undone, setUndone] = createSignal<readonly Edit[]>([]);
  const touch = () => setSeen((before) => before + 1);
  const id = createMemo(() => dataset()?.id);
  const say = (error: unknown) => notices.show(`A change could not be saved. ${errorData(error).message}`);

  createEffect(
    on(id, (now, before) => {
      if (before !== undefined) void flush();
      rows = [];
      asked = new Set();
      setSearch('');
      setDone([]);
      setUndone([]);
      setCount(dataset()?.rows ?? 0);
      setSelected(now !== undefined && (dataset()?.rows ?? 0) > 0 ? 0 : -1);
      touch();
    }),
  );

  async function readPage(page: number): Promise<void> {
    const of = id();
    if (of === undefined || asked.has(page)) return;
    asked.add(page);
    const mine = asked;
    try {
      const start = page * PAGE;
      // what is being stored is read as it will be
      await edits;
      const read = await client.datasets.rows(of, start, start + PAGE);
      // rows were added or removed meanwhile, and everything is asked for again
      if (mine !== asked) return;
      for (const [i, row] of read.entries()) rows[start + i] ??= row;
      touch();
    } catch (error) {
      mine.delete(page);
      notices.show(errorData(error).message);
    }
  }

  /** Stores one change after the other, in their order. */
  function store(of: string, at: number, remove: number, after: readonly Example[]): Promise<void> {
    const mine = typed;
    const stored = edits.then(async () => {
      const summary = await client.datasets.edit(of, at, remove, after);
      if (typed === mine && !waits) typed = undefined;
      onStored(summary);
      if (of === id()) setVersion((before) => before + 1);
    });
    edits = stored.catch(say);
    return stored.catch(() => {});
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    burst = false;
    if (typed && waits) {
      waits = false;
      await store(typed.id, typed.at, 1, [typed.row]);
    } else await edits;
  }

  /** Puts rows in the place of others, here and in the store. */
  function apply(at: number, remove: number, after: readonly Example[]): void {
    const of = id();
    if (of === undefined) return;
    void flush();
    // rows that were not read are holes
    rows.length = Math.max(rows.length, at);
    rows.splice(at, remove, ...after);
    if (remove !== after.length) {
      // pages have moved
      asked = new Set();
      setCount(count() + after.length - remove);
    }
    touch();
    void store(of, at, remove, after);
  }

  function edit(made: Edit): void {
    setDone([...done(), made]);
    setUndone([]);
    apply(made.at, made.before.length, made.after);
  }

  const searched = createMemo(() => {
    const [of, text] = [id(), search()];
    return of === undefined || text.trim() === '' ? undefined : { id: of, text: text.trim(), version: version() };
  });
  const answer = createAnswer(searched, (asked) => client.datasets.find(asked.id, { text: asked.text }), 150);

  /** Indices of the rows that could not be read, and the dataset's id. */
  async function findUnread(): Promise<readonly [id: string, unread: readonly number[]] | undefined> {
    const of = id();
    if (of === undefined) return undefined;
    await flush();
    try {
      return [of, await client.datasets.find(of, { unread: true })];
    } catch (error) {
      notices.show(errorData(error).message);
      return undefined;
    }
  }

  async function removeUnread(): Promise<void> {
    const [of, unread = []] = (await findUnread()) ?? [];
    const [first, last] = [unread.at(0), unread.at(-1)];
    if (of === undefined || first === undefined || last === undefined) return;
    const before = await client.datasets.rows(of, first, last + 1).catch((error: unknown) => {
      notices.show(errorData(error).message);
    });
    // another dataset was chosen meanwhile
    if (!before || of !== id()) return;
    const made = { at: first, before, after: before.filter(({ kind }) => kind !== 'unread') };
    edit(made);
    setSelected(Math.min(Math.max(selected(), 0), count() - 1));
    const isLast = () => done().at(-1) === made;
    notices.show(
      `${countOf(unread.length, 'row')} left out.`,
      { label: 'Undo', run: () => isLast() && undo() },
      20_000,
    );
  }

  async function readAgain(index: number): Promise<void> {
    const of = id();
    const row = rows[index];
    if (of === undefined || row?.kind !== 'unread') return;
    await flush();
    try {
      const read = await client.datasets.readRow(row.text);
      // it was changed meanwhile
      if (of !== id() || rows[index] !== row) return;
      if ('rows' in read) edit({ at: index, before: [row], after: read.rows });
      else edit({ at: index, before: [row], after: [{ ...row, code: read.code, problem: read.problem }] });
    } catch (error) {
      notices.show(errorData(error).message);
    }
  }

  function undo(): void {
    const last = done().at(-1);
    if (!last) return;
    apply(last.at, last.after.length, last.before);
    setDone(done().slice(0, -1));
    setUndone([...undone(), last]);
    setSelected(Math.min(last.at, count() - 1));
  }

  const show = (index: number) => {
    void flush();
    setSelected(Math.min(Math.max(index, 0), count() - 1));
  };

  /** Stores what a closing page could not; it is kept until it is. */
  function rescue(): void {
    const left = readStored(LEFTOVER);
    if (!isRecord(left) || typeof left['id'] !== 'string' || !isRecord(left['row'])) return;
    typed = { id: left['id'], at: Number(left['at']), row: left['row'] as unknown as Example };
    waits = true;
    void flush().then(() => writeStored(LEFTOVER, undefined));
  }
  rescue();
  globalThis.addEventListener?.('pagehide', () => {
    if (typed) writeStored(LEFTOVER, typed);
    void flush();
  });

  return {
    count,
    row(index) {
      seen();
      const row = rows[index];
      if (row === undefined && index < count()) void readPage(Math.floor(index / PAGE));
      return row;
    },
    selected,
    select: show,
    change(index, row) {
      const before = rows[index];
      const of = id();
      if (!before || of === undefined) return;
      const last = done().at(-1);
      if (burst && last?.at === index && last.after.length === 1) {
        setDone([...done().slice(0, -1), { ...last, after: [row] }]);
      } else setDone([...done(), { at: index, before: [before], after: [row] }]);
      setUndone([]);
      burst = true;
      rows[index] = row;
      typed = { id: of, at: index, row };
      waits = true;
      touch();
      clearTimeout(timer);
      timer = setTimeout(() => void flush(), PATIENCE);
    },
    add() {
      const at = selected() + 1;
      edit({ at, before: [], after: [emptyLike(rows[Math.max(0, selected())])] });
      setSelected(at);
    },
    append: (more) => edit({ at: count(), before: [], after: more }),
    remove(index) {
      const row = rows[index];
      if (!row) return;
      edit({ at: index, before: [row], after: [] });
      setSelected(Math.min(selected(), count() - 1));
    },
    replace(index, after) {
      const row = rows[index];
      if (row) edit({ at: index, before: [row], after });
    },
    readAgain,
    async goToUnread() {
      const [, unread = []] = (await findUnread()) ?? [];
      const next = unread.find((row) => row > selected()) ?? unread.at(0);
      if (next !== undefined) show(next);
    },
    removeUnread,
    search,
    setSearch,
    found: () => (searched() ? answer.value() : undefined),
    canUndo: () => done().length > 0,
    undo,
    canRedo: () => undone().length > 0,
    redo() {
      const next = undone().at(-1);
      if (!next) return;
      apply(next.at, next.before.length, next.after);
      setUndone(undone().slice(0, -1));
      setDone([...done(), next]);
      setSelected(Math.min(next.at, count() - 1));
    },
    version,
    flush,
  };
}
