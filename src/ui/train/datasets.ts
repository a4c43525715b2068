// Datasets of one's own: brought, written, chosen, taken away.
import { type Accessor, createMemo, createSignal } from 'solid-js';
import type {
  ColumnMapping,
  DatasetOpened,
  DatasetOptions,
  DatasetSummary,
  ErrorData,
  Example,
  HubRows,
} from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';
import { createRows, type RowsState } from './dataset-rows';
import { downloadBlob } from '../shared/downloads';
import { countOf, formatNumber } from '../shared/format';
import type { Notices } from '../shared/notices';
import { asString, createStored } from '../shared/local-storage';

/** Rows that are being brought: a file's, or a dataset's on the Hub. */
interface Brought {
  readonly name: string;
  read(options: DatasetOptions): Promise<DatasetOpened>;
}

/** Rows whose columns have names that say nothing: a person says what they are. */
export interface UnknownColumns extends Extract<DatasetOpened, { kind: 'columns' }> {
  readonly from: Brought;
  /** How they are read otherwise. */
  readonly options: DatasetOptions;
}

/** A file whose text is neither UTF-8 nor UTF-16: a person says what it is. */
export interface UnknownEncoding extends Extract<DatasetOpened, { kind: 'encoding' }> {
  readonly from: Brought;
}

export interface DatasetsState {
  readonly list: Accessor<readonly DatasetSummary[]>;
  /** The list has been read. */
  readonly ready: Accessor<boolean>;
  readonly chosen: Accessor<DatasetSummary | undefined>;
  choose(id: string): void;
  readonly rows: RowsState;
  /** A file is being read. */
  readonly busy: Accessor<boolean>;
  /** Why the last file could not be read. */
  readonly problem: Accessor<ErrorData | undefined>;
  /** Notes on the last file that was read. */
  readonly notes: Accessor<readonly string[]>;
  readonly unknown: Accessor<UnknownColumns | undefined>;
  add(file: File): Promise<void>;
  addFromHub(rows: HubRows): Promise<void>;
  /** Reads the file of unknown columns by what the person said of them. */
  map(mapping: ColumnMapping): Promise<void>;
  readonly unknownEncoding: Accessor<UnknownEncoding | undefined>;
  /** Reads the file of an unknown encoding in the one that the person named. */
  decode(encoding: string): Promise<void>;
  /** Leaves a file of unknown columns or encoding alone. */
  leave(): void;
  create(): void;
  /** Adds rows to a dataset, or to a new one of this name. @returns the dataset's name; undefined where it failed */
  append(
    to: { readonly id: string } | { readonly name: string },
    more: readonly Example[],
  ): Promise<string | undefined>;
  rename(id: string, name: string): void;
  remove(id: string): void;
  /** Saves it as Alpaca JSON, to the browser's downloads. */
  save(id: string): void;
}

/** What reading a file left out, and what else it says. */
const notesOf = (opened: Extract<DatasetOpened, { kind: 'stored' }>): string[] => [
  ...(opened.dropped > 0
    ? [
        `${countOf(opened.dropped, 'row')} of the file ${opened.dropped === 1 ? 'was' : 'were'} left out, ${formatNumber(opened.dataset.rows)} ${opened.dataset.rows === 1 ? 'is' : 'are'} here.`,
      ]
    : []),
  ...opened.notes,
];

export function createDatasets(client: Client, notices: Notices): DatasetsState {
  const [list, setList] = createSignal<readonly DatasetSummary[]>([]);
  const [ready, setReady] = createSignal(false);
  const [id, choose] = createStored<string>('dataset', '', asString);
  const [busy, setBusy] = createSignal(false);
  const [problem, setProblem] = createSignal<ErrorData>();
  const [notes, setNotes] = createSignal<readonly string[]>([]);
  const [unknown, setUnknown] = createSignal<UnknownColumns>();
  const [unknownEncoding, setUnknownEncoding] = createSignal<UnknownEncoding>();
  const chosen = createMemo(() => list().find((each) => each.id === id()) ?? list().at(0));
  const say = (error: unknown) => notices.show(errorData(error).message);

  const put = (summary: DatasetSummary) =>
    setList((before) =>
      before.some((each) => each.id === summary.id)
        ? before.map((each) => (each.id === summary.id ? summary : each))
        : [summary, ...before],
    );
  const rows = createRows(client, chosen, notices, put);

  async function read(): Promise<void> {
    try {
      const stored = await client.datasets.list();
      setList(stored.toSorted((a, b) => b.addedAt - a.addedAt));
    } catch (error) {
      setProblem(errorData(error));
    }
    setReady(true);
  }

  function leave(): void {
    setUnknown(undefined);
    setUnknownEncoding(undefined);
  }

  async function open(from: Brought, options: DatasetOptions = {}): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const opened = await from.read(options);
      leave();
      if (opened.kind === 'columns') setUnknown({ ...opened, from, options });
      else if (opened.kind === 'encoding') setUnknownEncoding({ ...opened, from });
      else {
        put(opened.dataset);
        choose(opened.dataset.id);
        setNotes(notesOf(opened));
      }
    } catch (error) {
      leave();
      setProblem(errorData(error));
    }
    setBusy(false);
  }

  async function remove(gone: DatasetSummary): Promise<void> {
    const kept = await client.datasets.rows(gone.id, 0, gone.rows);
    await client.datasets.remove(gone.id);
    setList((before) => before.filter((each) => each.id !== gone.id));
    const restore = async () => {
      const back = await client.datasets.create(gone.name);
      put(await client.datasets.edit(back.id, 0, 0, kept));
      choose(back.id);
    };
    notices.show(`“${gone.name}” was deleted.`, { label: 'Undo', run: () => void restore().catch(say) }, 20_000);
  }

  void read();
  return {
    list,
    ready,
    chosen,
    choose(next) {
      setNotes([]);
      setProblem(undefined);
      choose(next);
    },
    rows,
    busy,
    problem,
    notes,
    unknown,
    add: (file) => open({ name: file.name, read: (options) => client.datasets.add(file, options) }),
    addFromHub: (wanted) =>
      open({ name: wanted.address, read: (options) => client.datasets.addFromHub(wanted, options) }),
    async map(mapping) {
      const waiting = unknown();
      if (waiting) await open(waiting.from, { ...waiting.options, mapping });
    },
    unknownEncoding,
    async decode(encoding) {
      const waiting = unknownEncoding();
      if (waiting) await open(waiting.from, { encoding });
    },
    leave,
    create() {
      void client.datasets.create(`Rows of ${new Date().toLocaleDateString()}`).then((made) => {
        put(made);
        choose(made.id);
        rows.add();
      }, say);
    },
    async append(to, more) {
      try {
        // what is open stays open
        const open = chosen();
        if (open) choose(open.id);
        const made = 'id' in to ? undefined : await client.datasets.create(to.name);
        if (made) put(made);
        const dataset = made ?? list().find((each) => 'id' in to && each.id === to.id);
        if (!dataset) return undefined;
        if (chosen()?.id === dataset.id) {
          rows.append(more);
          await rows.flush();
        } else put(await client.datasets.edit(dataset.id, dataset.rows, 0, more));
        return dataset.name;
      } catch (error) {
        say(error);
        return undefined;
      }
    },
    rename(of, name) {
      const renamed = list().find((each) => each.id === of);
      if (!renamed || name.trim() === '') return;
      void client.datasets.rename(of, name.trim()).then(() => put({ ...renamed, name: name.trim() }), say);
    },
    remove(of) {
      const gone = list().find((each) => each.id === of);
      if (gone)
        void rows
          .flush()
          .then(() => remove(gone))
          .catch(say);
    },
    save(of) {
      void rows
        .flush()
        .then(() => client.datasets.export(of))
        .then((file) => downloadBlob(file.name, file), say);
    },
  };
}
