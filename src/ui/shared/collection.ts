// Records that outlive the page, such as chats: held in memory, saved soon after each change, joined with what other windows
// save of them, and deleted in all windows at once. It knows nothing of what a record holds.
import { onCleanup } from 'solid-js';
import { createStore, produce, reconcile, unwrap } from 'solid-js/store';
import type { RecordKind, RecordVerbs, Stored } from '../../worker/contract';
import { createSaver, takeLeftovers } from './autosave';
import { alone } from './this-window';

export interface CollectionOptions<T extends Stored> {
  readonly records: RecordVerbs;
  readonly kind: RecordKind;
  /** Key in local storage for records that a closing page could not save. */
  readonly leftover: string;
  /** A stored record as one of the collection; undefined where it is none. */
  parse(stored: Stored): T | undefined;
  /** Two states of one record as one; where neither is later, the first one counts. */
  merge(mine: T, theirs: T): T;
  /** A stored record as this window takes it in when it is read; without it, as it was stored. */
  opened?(record: T): T;
  /** Whether other windows are told of a state; without it they are told of each. */
  isShared?(record: T): boolean;
  /** A record was read from the store, or came from another window. */
  onReceived?(record: T): void;
  /** A record is about to be removed, as it was deleted in another window. */
  onDeletedElsewhere?(record: T): void;
  /** A record could not be saved. */
  onUnsaved(error: unknown): void;
  /** A record could not be deleted. */
  onUndeleted(error: unknown): void;
}

export interface Collection<T extends Stored> {
  /** Every record, in the order in which they came. */
  readonly all: readonly T[];
  find(id: string): T | undefined;
  /** Reads what is stored, joined with what this window has. */
  read(): Promise<void>;
  /** Adds a record that is not saved yet. */
  add(record: T): void;
  /** Changes a record, and saves it soon. */
  change(id: string, task: (record: T) => void): void;
  /** Saves a record now; resolves when it is stored, or cannot be. */
  save(id: string): Promise<void>;
  /** Removes a record here, in the store and in other windows. @returns what brings it back */
  remove(id: string): () => void;
}

/** What windows tell each other: a state that was saved, or that a record was deleted. */
type Message<T> = { readonly saved: T } | { readonly deleted: string; readonly at: number };

/** Must run inside a Solid root. */
export function createCollection<T extends Stored>(options: CollectionOptions<T>): Collection<T> {
  const { records, kind, leftover, parse, merge, isShared, onReceived, onDeletedElsewhere, onUnsaved } = options;
  const [all, setAll] = createStore<{ list: T[] }>({ list: [] });
  const find = (id: string) => all.list.find((each) => each.id === id);
  /** When records were deleted: an earlier state of one, still on its way from another window, does not bring it back. */
  const deletedAt = new Map<string, number>();

  const channel = new BroadcastChannel(`pronk-records-${kind}`);
  channel.addEventListener('message', ({ data }: MessageEvent<Message<T>>) => {
    if ('saved' in data) receive([data.saved]);
    else deleteToo(data.deleted, data.at);
  });
  onCleanup(() => channel.close());
  const tell = (message: Message<T>) => channel.postMessage(message);

  const saver = createSaver({
    read: (id) => unwrap(find(id)),
    async put(record) {
      const joined = await putJoined(record as T);
      if (find(record.id) && isShared?.(joined) !== false) tell({ saved: joined });
    },
    async remove(id) {
      await records.delete(kind, id);
      tell({ deleted: id, at: deletedAt.get(id) ?? Date.now() });
    },
    onError: onUnsaved,
    leftover,
  });

  /** Stores a record together with what other windows have stored of it: none replaces the work of another. */
  const putJoined = (record: T): Promise<T> =>
    alone(`pronk-${kind}-${record.id}`, async () => {
      const stored = await records.get(kind, record.id);
      const theirs = stored && parse(stored);
      const joined = theirs ? merge(record, theirs) : record;
      await records.put(kind, joined);
      return joined;
    });

  const drop = (id: string) => setAll('list', (list) => list.filter((each) => each.id !== id));

  /** Joins states from elsewhere with this window's. */
  function receive(states: readonly T[]): void {
    const news = states.filter((each) => each.updatedAt > (deletedAt.get(each.id) ?? -1));
    const next = new Map(all.list.map((each) => [each.id, unwrap(each)]));
    for (const record of news) {
      const mine = next.get(record.id);
      next.set(record.id, mine ? merge(mine, record) : record);
    }
    // what is equal stays the same object, so that it is not drawn again
    setAll('list', reconcile([...next.values()], { key: 'id' }));
    for (const record of news) onReceived?.(record);
  }

  function deleteToo(id: string, at: number): void {
    deletedAt.set(id, at);
    const mine = find(id);
    if (!mine) return;
    onDeletedElsewhere?.(mine);
    drop(id);
    // a state that was on its way to the store meanwhile goes too
    void saver.remove(id).catch(() => {});
  }

  return {
    get all() {
      return all.list;
    },
    find,
    async read() {
      const { records: stored, newer } = takeLeftovers(leftover, await records.list(kind), (kept, left) => {
        const [mine, theirs] = [parse(left), parse(kept)];
        return mine && theirs ? merge(mine, theirs) : (mine ?? kept);
      });
      const known = stored.map(parse).filter((each) => each !== undefined);
      receive(known.map((each) => options.opened?.(each) ?? each));
      for (const { id } of newer) saver.schedule(id);
    },
    add: (record) => setAll('list', (list) => [...list, record]),
    change(id, task) {
      setAll(
        produce(({ list }) => {
          const record = list.find((each) => each.id === id);
          if (!record) return;
          task(record);
          record.updatedAt = Date.now();
        }),
      );
      saver.schedule(id);
    },
    save: (id) => saver.now(id),
    remove(id) {
      const kept = structuredClone(unwrap(find(id)));
      drop(id);
      const at = Date.now();
      deletedAt.set(id, at);
      void saver.remove(id).catch(options.onUndeleted);
      return () => {
        const back = kept && parse(kept);
        if (!back) return;
        // later than its deletion, so that other windows take it in again
        const record = { ...back, updatedAt: Math.max(Date.now(), at + 1) };
        setAll('list', (list) => [...list, record]);
        saver.schedule(id);
      };
    },
  };
}
