// Files of every form that people have, and what is said about those that are none.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesSource, type Source } from '../../core/source';
import { writeJson, toAlpaca, toRecord } from '../write';
import type { Example } from '../types';
import { readDataset, type ReadOptions } from './index';
import { DATASETS, datasetFacts } from '../../testing/fixtures';

const bytes = (text: string) => new TextEncoder().encode(text);

async function read(name: string, content: string | Uint8Array, options?: ReadOptions) {
  const made = await readDataset(bytesSource(typeof content === 'string' ? bytes(content) : content, name), options);
  if (made.kind !== 'rows') throw new Error(`columns: ${made.columns.join()}`);
  return made;
}
const failure = async (name: string, content: string | Uint8Array, options?: ReadOptions) => {
  const error = await read(name, content, options).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad-dataset' });
  return (error as Error).message;
};
const instruct = (instruction: string, input: string, output: string): Example => ({
  kind: 'instruct',
  instruction,
  input,
  output,
});

const file = (name: string, options?: ReadOptions) => read(name, readFileSync(`${DATASETS}/${name}`), options);
const words = (count: number) => Array<string>(count).fill('w').join(' \n');
const dolly = (context: string) => ({ instruction: 'a b', context, response: 'c', category: 'x' });
const line = (i: number) => JSON.stringify({ instruction: `Nº ${i} 🦙`, output: 'é'.repeat(i % 90) });

describe('files of every form', () => {
  test.each([
    ['alpaca.json', 'Alpaca JSON', 201],
    ['alpaca.jsonl', 'Alpaca JSON Lines', 40],
    ['alpaca.csv', 'Alpaca CSV', 40],
    ['alpaca.parquet', 'Alpaca Parquet', 40],
    ['gardener.json', 'Alpaca JSON', 62],
    // a JSON array, whatever its name says
    ['dolly.jsonl', 'Dolly JSON', 12],
    ['dolly-lines.jsonl', 'Dolly JSON Lines', 12],
    ['seed-tasks.jsonl', 'Seed tasks JSON Lines', 30],
    ['evaluation-tasks.jsonl', 'Seed tasks JSON Lines', 20],
    ['predictions.jsonl', 'Alpaca JSON Lines', 20],
    ['questions.json', 'Question and answer JSON', 10],
    ['messages.jsonl', 'Messages JSON Lines', 12],
    ['messages.parquet', 'Messages Parquet', 12],
    ['sharegpt.json', 'ShareGPT JSON', 12],
    ['completions.jsonl', 'Prompt and completion JSON Lines', 10],
    ['preferences.jsonl', 'Preferences JSON Lines', 10],
    ['texts.jsonl', 'Text JSON Lines', 6],
    ['tales.txt', 'Plain text', 6],
    ['tokens.jsonl', 'Tokens JSON Lines', 4],
  ])('%s is %s of %i rows', async (name, format, rows) => {
    const made = await file(name);
    expect([made.format, made.rows.length, made.dropped, made.unread]).toEqual([format, rows, 0, []]);
    expect(made.notes.some((note) => note.includes('Do not train'))).toBe(/evaluation|predictions/.test(name));
  });

  test('of answers that were judged one by one, those that are bad are not learnt', async () => {
    const { format, rows, unread } = await file('kto.jsonl');
    expect([format, rows.length]).toEqual(['Prompt and completion JSON Lines', 6]);
    expect(unread.map(({ code }) => code)).toEqual(Array(4).fill('undesirable'));
  });

  test('as many rows have an input as were written with one', async () => {
    const { rows } = await file('alpaca.json');
    const { rows: count, withInput } = datasetFacts()['alpaca.json'];
    expect(rows).toHaveLength(count);
    expect(rows.filter((row) => row.kind === 'instruct' && row.input !== '')).toHaveLength(withInput);
  });

  test('every value is what JSON.parse makes of it, CRLF in the file or not', async () => {
    for (const name of ['gardener.json', 'alpaca.json']) {
      const text = readFileSync(`${DATASETS}/${name}`, 'utf8');
      expect(text.includes('\r\n')).toBe(name === 'gardener.json');
      const { rows } = await file(name);
      expect(rows.map(toAlpaca)).toEqual(JSON.parse(text));
    }
  });

  test('one list of rows is read alike from JSON Lines, CSV and Parquet; one list of chats from three forms', async () => {
    const [lines, ...others] = await Promise.all(
      ['alpaca.jsonl', 'alpaca.csv', 'alpaca.parquet'].map((name) => file(name)),
    );
    for (const { rows } of others) expect(rows).toEqual(lines!.rows);
    const [messages, ...forms] = await Promise.all(
      ['messages.jsonl', 'messages.parquet', 'sharegpt.json'].map((name) => file(name)),
    );
    for (const { rows } of forms) expect(rows).toEqual(messages!.rows);
  });

  test('OpenAlpaca’s conversion of dolly', async () => {
    const { rows, notes } = await file('dolly.jsonl');
    const given = JSON.parse(readFileSync(`${DATASETS}/dolly.jsonl`, 'utf8')) as Record<string, string>[];
    expect(rows).toEqual(
      given.map(({ instruction, context, response }) => instruct(instruction!, context!, response!)),
    );
    expect(notes).toEqual(['Fields that are not used: category.']);
  });

  test.each(['plants.csv', 'plants.tsv'])(
    '%s, a table of other columns, is asked about, and read once they are known',
    async (name) => {
      const asked = await readDataset(bytesSource(readFileSync(`${DATASETS}/${name}`), name));
      expect(asked).toMatchObject({ kind: 'columns', columns: ['idx', 'plant', 'Signs', 'reason', 'Season'] });
      const mapping = { instruction: 'plant', input: 'Signs', output: 'reason' };
      const { rows, format } = await file(name, { mapping });
      expect([rows.length, format]).toEqual([60, name.endsWith('.csv') ? 'CSV' : 'TSV']);
      expect(rows[0]).toEqual(
        instruct(
          'Tomato',
          "['yellow leaves']",
          'Tomato plants get yellow leaves from too much water.\nOld gardeners say: "Let the soil dry before you water it again", and so do we.',
        ),
      );
    },
  );
});

describe('forms', () => {
  const row = { instruction: 'Add.', input: '1 2', output: '3' };
  const chat = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello.' },
  ];

  test.each<[string, string, Example]>([
    ['Alpaca JSON', JSON.stringify([row]), instruct('Add.', '1 2', '3')],
    ['Alpaca JSON', JSON.stringify({ version: 1, data: [row] }, null, 2), instruct('Add.', '1 2', '3')],
    ['Alpaca JSON', JSON.stringify({ data: [row] }), instruct('Add.', '1 2', '3')],
    ['Alpaca JSON Lines', `\n${JSON.stringify(row)}\r\n\r\n`, instruct('Add.', '1 2', '3')],
    ['Alpaca JSON', '[{"instruction":"Hi","output":"","input":null}]', instruct('Hi', '', '')],
    ['Question and answer JSON', '[{"question":"1+1?","answer":"2"}]', instruct('1+1?', '', '2')],
    ['Question and answer JSON', '[{"input":"1+1?","output":"2"}]', instruct('1+1?', '', '2')],
    ['Messages JSON', JSON.stringify([{ messages: chat }]), { kind: 'messages', messages: chat } as Example],
    [
      'ShareGPT JSON',
      '[{"id":"x","conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello."}]}]',
      { kind: 'messages', messages: chat } as Example,
    ],
    [
      'ShareGPT JSON',
      '[{"system":"Be brief.","conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello."}]}]',
      { kind: 'messages', messages: [{ role: 'system', content: 'Be brief.' }, ...chat] } as Example,
    ],
    [
      'Messages JSON',
      '[{"messages":[{"role":"user","content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]},{"role":"assistant","content":"Hello."}]}]',
      { kind: 'messages', messages: chat } as Example,
    ],
    [
      'Prompt and completion JSON',
      '[{"prompt":"a","completion":"b"}]',
      { kind: 'completion', prompt: 'a', completion: 'b' },
    ],
    [
      'Prompt and completion JSON',
      JSON.stringify([{ prompt: [chat[0]], completion: [chat[1]] }]),
      { kind: 'messages', messages: chat } as Example,
    ],
    ['Text JSON', '[{"text":"once"}]', { kind: 'text', text: 'once' }],
    ['Text JSON', '["once"]', { kind: 'text', text: 'once' }],
    ['Tokens JSON', '[{"input_ids":[1,2],"labels":[-100,2]}]', { kind: 'tokens', ids: [1, 2], labels: [-100, 2] }],
    ['Tokens JSON', '[{"input_ids":[1,2]}]', { kind: 'tokens', ids: [1, 2], labels: [1, 2] }],
    [
      'Tokens JSON',
      '[{"input_ids":[0,1,2],"attention_mask":[0,1,1],"labels":[-100,1,2]}]',
      { kind: 'tokens', ids: [1, 2], labels: [1, 2] },
    ],
  ])('%s: %s', async (format, content, expected) => {
    const made = await read('rows.json', content);
    expect(made.rows).toEqual([expected]);
    expect(made.format).toBe(format);
  });

  test('a form that is asked for is taken in place of the one that is seen', async () => {
    const both = '[{"instruction":"i","output":"o","prompt":"p","completion":"c"}]';
    expect((await read('x.json', both)).rows[0]).toMatchObject({ kind: 'instruct' });
    expect((await read('x.json', both, { format: 'completion' })).rows[0]).toMatchObject({ kind: 'completion' });
    expect(await failure('x.json', both, { format: 'text' })).toMatch(/^Row 1 has no field text/);
  });

  test('rows of different forms are read each in its own, and that is said', async () => {
    const { rows, notes } = await read('x.jsonl', '{"instruction":"a","output":"b"}\n{"text":"c"}\n{"text":"d"}');
    expect(rows.map(({ kind }) => kind)).toEqual(['instruct', 'text', 'text']);
    expect(notes).toEqual([
      'The rows have different formats: 1 × Alpaca, 2 × Text. Each is trained in its own format.',
    ]);
  });

  test('dolly keeps rows of up to 2000 words, counted as Python counts them', async () => {
    const rows = [
      words(1997),
      words(1998),
      `${words(1996)}\u0085w`,
      `${words(1997)}\u0085w`,
      `${words(1996)} w\uFEFFw`,
    ];
    const made = await read('dolly.json', JSON.stringify(rows.map(dolly)));
    expect([made.rows.length, made.dropped]).toEqual([3, 2]);
    // other files are not cut
    const plain = JSON.stringify([{ instruction: words(3000), output: '' }]);
    expect((await read('x.json', plain)).dropped).toBe(0);
  });
});

describe('tables', () => {
  test('quotation marks, line breaks in cells, CRLF, BOM, other delimiters', async () => {
    const csv = '\uFEFFinstruction,input,output\r\n"Say ""hi"".","a,\r\nb",Hi\r\n\r\nBye,,Bye\r\n';
    const expected = [instruct('Say "hi".', 'a,\r\nb', 'Hi'), instruct('Bye', '', 'Bye')];
    expect((await read('x.csv', csv)).rows).toEqual(expected);
    expect((await read('x.csv', csv.replaceAll(/,(?!\r)/g, ';').replace('a;', 'a,'))).rows).toEqual(expected);
    expect((await read('x.tsv', 'prompt\tcompletion\nHi, you\tHello.\n')).rows).toEqual([
      { kind: 'completion', prompt: 'Hi, you', completion: 'Hello.' },
    ]);
    const utf16 = Uint8Array.from(Buffer.from('\uFEFFtext\nalpaca\n', 'utf16le'));
    expect((await read('x.csv', utf16)).rows).toEqual([{ kind: 'text', text: 'alpaca' }]);
  });

  test('columns that cannot be told apart, and a header alone', async () => {
    expect(await failure('x.csv', 'text,text\na,b\n')).toMatch(/two columns of the name "text"/);
    expect(await failure('x.csv', 'instruction,output\n')).toMatch(/has no rows/);
    expect(await failure('x.csv', ',,\n')).toMatch(/has no header/);
  });

  test('a mapping that names no column', async () => {
    const options = { mapping: { instruction: 'question', output: 'b' } };
    expect(await failure('x.csv', 'a,b\n1,2\n', options)).toMatch(/^Row 1 has no field question\. Its fields are a, b/);
    const { rows } = await read('x.json', '[{"q":1,"a":["x"]}]', { mapping: { instruction: 'q', output: 'a' } });
    expect(rows).toEqual([instruct('1', '', '["x"]')]);
  });
});

describe('plain text', () => {
  test('paragraphs, or lines where there are none', async () => {
    const { rows, format } = await read('x.txt', 'One\r\ntwo.\r\n \r\nThree.\n');
    expect([rows, format]).toEqual([
      [
        { kind: 'text', text: 'One\ntwo.' },
        { kind: 'text', text: 'Three.' },
      ],
      'Plain text',
    ]);
    expect((await read('x.txt', '[1]\n{2}\n')).rows).toEqual([
      { kind: 'text', text: '[1]' },
      { kind: 'text', text: '{2}' },
    ]);
  });
});

describe('what is no dataset', () => {
  test.each([
    ['x.json', '', /x\.json is empty/],
    ['x.json', ' \n\t', /is empty/],
    ['x.json', '[]', /has no rows/],
    ['x.jsonl', '\u{FEFF}', /is empty/],
    ['x.json', 'instruction: a', /x\.json is not JSON: it begins with "i"/],
    ['x.json', '[1, 2]', /no rows with named fields/],
    ['x.json', '[{"instruction":"a"}]', /^Row 1 has no field output\. Its fields are instruction\./],
    ['x.json', '[{"instruction":"a","output":null}]', /^Row 1 has nothing in the field output\./],
    ['x.json', '[{"instruction":"a","output":{"b":1}}]', /^Row 1 has an object in the field output/],
    ['x.json', '[{"instruction":"a"},{"instruction":"b"}]', /None of the 2 rows of x\.json can be read\./],
    ['x.json', '[{"instruction":"a', /^Row 1 is not JSON/],
    ['x.jsonl', '{"instruction":"a","output"', /is not JSON/],
    ['x.json', '[{"messages":[]}]', /^Row 1 has no messages: messages is empty/],
    ['x.json', '[{"messages":"hi"}]', /^Row 1 has no messages: messages is no list/],
    ['x.json', '[{"messages":[{"role":"tool","content":"x"}]}]', /^Row 1 has the role "tool" at messages\[0\]/],
    ['x.json', '[{"messages":[{"role":"constructor","content":"x"}]}]', /^Row 1 has the role "constructor"/],
    ['x.json', '[{"messages":[{"role":"user","content":null}]}]', /^Row 1 has no text at messages\[0\]/],
    ['x.json', '[{"conversations":[{"value":"x"}]}]', /^Row 1 has no role at conversations\[0\]/],
    ['x.json', '[{"input_ids":[1,2],"labels":[1]}]', /^Row 1 has 2 input_ids and 1 labels/],
    ['x.json', '[{"input_ids":[1,-2],"labels":[1,2]}]', /^Row 1 has a negative id/],
    ['x.json', '[{"input_ids":[1,2],"labels":[1,-2]}]', /^Row 1 has a label below 0/],
    ['x.json', '[{"input_ids":[1,2],"attention_mask":[1]}]', /^Row 1 has 2 input_ids and an attention_mask of 1/],
    ['x.json', '[{"input_ids":[1.5]}]', /^Row 1 has no list of whole numbers in the field input_ids/],
    ['x.json', '[{"input_ids":[]}]', /^Row 1 has no tokens/],
    ['x.json', '[{"instruction":"a","instances":[]}]', /^Row 1 has no instances/],
  ])('%s: %s', async (name, content, message) => {
    expect(await failure(name, content)).toMatch(message);
  });

  test.each([
    ['rows.parquet', 'PAR1\u0015\u0004', /rows\.parquet cannot be read as Parquet \(.+\)\. Download it again/],
    ['rows.csv', 'PK\u0003\u0004', /is a zip archive or a spreadsheet/],
    ['rows.jsonl', 'a\u0000b', /is not text: it holds zero bytes/],
    ['rows', 'one\u0000', /is not text/],
  ])('%s of %j is no text', async (name, content, message) => {
    expect(await failure(name, content)).toMatch(message);
    expect(await failure(name, bytes(content), { format: 'txt' })).toMatch(message);
  });

  test('bytes that are no UTF-8 are named by their line', async () => {
    const latin = Buffer.concat([bytes('{"text":"a"}\n{"text":"'), Buffer.from([0xfc]), bytes('"}\n')]);
    expect(await failure('x.jsonl', latin)).toMatch(/x\.jsonl is not UTF-8 text: line 2/);
    const late = Buffer.concat([bytes('{"text":"ä"}\n'.repeat(400_000)), Buffer.from([0xff])]);
    expect(await failure('x.jsonl', late)).toMatch(/line 400001/);
  });
});

describe('large files', () => {
  test('JSON Lines are read in windows, whatever lies across their borders', async () => {
    const count = 60_000;
    const content = bytes(Array.from({ length: count }, (_, i) => line(i)).join('\n'));
    let largest = 0;
    const inner = bytesSource(content, 'large.jsonl');
    const source: Source = {
      ...inner,
      read: (start, end) => {
        largest = Math.max(largest, end - start);
        return inner.read(start, end);
      },
    };
    const made = await readDataset(source);
    if (made.kind !== 'rows') throw new Error('no rows');
    expect(made.rows).toHaveLength(count);
    expect(made.rows[count - 1]).toEqual(instruct(`Nº ${count - 1} 🦙`, '', 'é'.repeat((count - 1) % 90)));
    expect(content.length).toBeGreaterThan(6 << 20);
    expect(largest).toBeLessThanOrEqual(4 << 20);
  });
});

describe('round trips', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: text });
  const example: fc.Arbitrary<Example> = fc.oneof(
    fc.record({ kind: fc.constant('instruct'), instruction: text, input: text, output: text }),
    fc.record({ kind: fc.constant('completion'), prompt: text, completion: text }),
    fc.record({ kind: fc.constant('text'), text }),
    fc.record({
      kind: fc.constant('messages'),
      messages: fc.array(message, { maxLength: 4 }).map((list) => [...list, { role: 'assistant', content: 'a' }]),
    }),
    fc.array(fc.tuple(fc.nat(999), fc.boolean()), { minLength: 1, maxLength: 6 }).map((tokens) => ({
      kind: 'tokens',
      ids: tokens.map(([id]) => id),
      labels: tokens.map(([id, on]) => (on ? id : -100)),
    })),
  ) as fc.Arbitrary<Example>;

  test('rows of all forms come back from their JSON and JSON Lines', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(example, { minLength: 1, maxLength: 8 }), async (rows) => {
        const records = rows.map(toRecord);
        expect((await read('x.json', writeJson(records))).rows).toEqual(rows);
        const lines = records.map((record) => JSON.stringify(record)).join('\n');
        expect((await read('x.jsonl', lines)).rows).toEqual(rows);
      }),
    );
  });

  test('Alpaca JSON to the byte', async () => {
    const content = readFileSync(`${DATASETS}/alpaca.json`);
    const { rows } = await read('x.json', content);
    expect(JSON.parse(writeJson(rows.map(toAlpaca)))).toEqual(JSON.parse(content.toString()));
  });

  test('JSON as Python writes it', () => {
    const records = [{ instruction: 'é\u007f\u2028🦙"\\\n\u0001', input: '', output: '<&>/' }];
    const script = 'import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin), indent=4))';
    let python: string;
    try {
      python = execFileSync('python3', ['-c', script], { input: JSON.stringify(records), encoding: 'utf8' });
    } catch {
      return; // no Python here
    }
    expect(writeJson(records)).toBe(python);
    expect(writeJson([])).toBe('[]');
  });
});

test('what Alpaca has no form for', () => {
  const [user, assistant] = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: 'a' },
  ] as const;
  expect(toAlpaca({ kind: 'messages', messages: [user, assistant] })).toEqual({
    instruction: 'q',
    input: '',
    output: 'a',
  });
  expect(
    toAlpaca({ kind: 'messages', messages: [{ role: 'system', content: 's' }, user, assistant] })?.instruction,
  ).toBe('s\n\nq');
  for (const messages of [[user], [user, assistant, user], [assistant, user], [user, assistant, user, assistant]]) {
    expect(toAlpaca({ kind: 'messages', messages })).toBeUndefined();
  }
  expect(toAlpaca({ kind: 'text', text: 'x' })).toBeUndefined();
});
