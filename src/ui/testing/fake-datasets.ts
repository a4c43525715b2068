// Datasets without a worker: rows in memory, read by a few lines of code, tokens by the letter.
import type { ColumnMapping, DatasetVerbs, DatasetSummary, Example } from '../../worker/contract';

const wait = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));
const coded = (name: string, message: string) => Object.assign(new Error(message), { name });

export interface FakeDatasets {
  readonly api: DatasetVerbs;
  put(name: string, format: string, rows: Example[]): DatasetSummary;
  get(id: string): { readonly summary: DatasetSummary; readonly rows: readonly Example[] };
}

const textOf = (row: Example): readonly [asked: string, answered: string] => {
  switch (row.kind) {
    case 'instruct':
      return [
        `### Instruction:\n${row.instruction}\n\n${row.input && `### Input:\n${row.input}\n\n`}### Response:\n`,
        row.output,
      ];
    case 'messages':
      return ['', row.messages.map(({ role, content }) => `${role}: ${content}`).join('\n')];
    case 'completion':
      return [row.prompt, row.completion];
    case 'text':
      return ['', row.text];
    case 'tokens':
      return ['', row.ids.join(' ')];
    case 'unread':
      return [row.text, ''];
  }
};
const pieces = (text: string) => text.match(/\s?[\p{L}\p{N}]{1,5}|\s?[^\p{L}\p{N}\s]|\s/gu) ?? [];
export const lengthOf = (row: Example) => textOf(row).reduce((sum, text) => sum + pieces(text).length, 2);

function readRows(text: string, name: string, mapping?: ColumnMapping): Example[] | string[] {
  if (/\.csv$/i.test(name)) {
    const [head, ...lines] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    if (!mapping && !head.includes('instruction')) return head;
    const at = (line: readonly string[], field: keyof ColumnMapping) =>
      line[head.indexOf(mapping?.[field] ?? field)] ?? '';
    return lines.map(
      (line): Example => ({
        kind: 'instruct',
        instruction: at(line, 'instruction'),
        input: at(line, 'input'),
        output: at(line, 'output'),
      }),
    );
  }
  const parsed = (
    text.trim().startsWith('[')
      ? JSON.parse(text)
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown)
  ) as Record<string, string>[];
  return parsed.map(({ instruction = '', input = '', output = '' }, i): Example => {
    if (instruction === '') throw coded('bad-dataset', `Row ${i + 1} has no instruction. Add one, or remove the row.`);
    return { kind: 'instruct', instruction, input, output };
  });
}

export function fakeDatasets(): FakeDatasets {
  const datasets = new Map<string, { summary: DatasetSummary; rows: Example[] }>();
  function put(name: string, format: string, rows: Example[]): DatasetSummary {
    const now = Date.now();
    const unread = rows.filter(({ kind }) => kind === 'unread').length;
    const summary = { id: crypto.randomUUID(), name, format, rows: rows.length, unread, addedAt: now, editedAt: now };
    datasets.set(summary.id, { summary, rows });
    return summary;
  }

  const api: DatasetVerbs = {
    list: async () => [...datasets.values()].map(({ summary }) => summary),
    async add(file, options) {
      await wait(50);
      const rows = readRows(await file.text(), file.name, options?.mapping);
      if (rows.length > 0 && typeof rows[0] === 'string') {
        const columns = rows as string[];
        return {
          kind: 'columns',
          columns,
          sample: [Object.fromEntries(columns.map((name) => [name, `some ${name}`]))],
        };
      }
      const format = /\.csv$/i.test(file.name) ? 'CSV' : 'Alpaca JSON';
      return { kind: 'stored', dataset: put(file.name, format, rows as Example[]), dropped: 0, notes: [] };
    },
    create: async (name) => put(name, 'Written here', []),
    rows: async (id, from, to) => datasets.get(id)?.rows.slice(from, to) ?? [],
    find: async (id, { text = '', unread = false }) =>
      [...datasets.get(id)!.rows.entries()]
        .filter(([, row]) => (!unread || row.kind === 'unread') && textOf(row).join('\n').includes(text))
        .map(([at]) => at),
    async readRow(text) {
      try {
        return { rows: [{ input: '', ...(JSON.parse(text) as object), kind: 'instruct' } as Example] };
      } catch {
        return { code: 'not-json', problem: 'It is not JSON.' };
      }
    },
    async edit(id, at, remove, rows) {
      const dataset = datasets.get(id);
      if (!dataset) throw coded('no-dataset', 'That dataset is not here any more.');
      dataset.rows.splice(at, remove, ...rows);
      const unread = dataset.rows.filter(({ kind }) => kind === 'unread').length;
      dataset.summary = { ...dataset.summary, rows: dataset.rows.length, unread, editedAt: Date.now() };
      return dataset.summary;
    },
    async rename(id, name) {
      const dataset = datasets.get(id);
      if (dataset) dataset.summary = { ...dataset.summary, name };
    },
    remove: async (id) => void datasets.delete(id),
    async report(id, _, config) {
      const { rows } = datasets.get(id)!;
      const lengths = rows.map(lengthOf);
      const longest = Math.max(0, ...lengths);
      const width = Math.max(8, 2 ** Math.ceil(Math.log2(longest / 16)));
      const buckets = Array.from({ length: Math.ceil((longest + 1) / width) }, (__, i) => ({
        from: i * width,
        to: (i + 1) * width,
        rows: lengths.filter((length) => length >= i * width && length < (i + 1) * width).length,
      }));
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      const kept = lengths.reduce((sum, length) => sum + Math.min(length, config.cutoff_len), 0);
      const empty = rows.flatMap((row, i) => (textOf(row)[1].trim() === '' ? [i] : []));
      return {
        rows: rows.length,
        problems: empty.map((row) => ({
          row,
          code: 'empty-output',
          message: 'The output is empty: there is nothing to learn. Write one, or delete the row.',
        })),
        tokens: kept,
        labelled: Math.round(kept * 0.4),
        histogram: buckets,
        longest,
        ended: lengths.filter((length) => length <= config.cutoff_len).length,
        coverage: {
          rows: lengths.filter((length) => length <= config.cutoff_len).length / Math.max(1, lengths.length),
          tokens: tokens === 0 ? 1 : kept / tokens,
        },
      };
    },
    async preview(id, at, _, config) {
      const [asked, answered] = textOf(datasets.get(id)!.rows[at]);
      const token = (text: string, inLoss: boolean, special = false) => ({ id: text.length, text, inLoss, special });
      const all = [
        token('<s>', false, true),
        ...pieces(asked).map((text) => token(text, config.train_on_inputs)),
        ...pieces(answered).map((text) => token(text, true)),
        token('</s>', true, true),
      ];
      return { tokens: all.slice(0, config.cutoff_len), truncated: all.length > config.cutoff_len };
    },
    export: async (id) => new File([JSON.stringify(datasets.get(id)!.rows)], 'dataset.json'),
  };
  return { api, put, get: (id) => datasets.get(id)! };
}
