// Files as they are found: what wraps the rows, what their fields are called, how they are written, and what of them is bad.
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import type { Example } from '../types';
import { readDataset, type ReadOptions } from './index';

const bytes = (text: string) => new TextEncoder().encode(text);
const ab: Example = { kind: 'instruct', instruction: 'a', input: '', output: 'b' };
const cd: Example = { kind: 'instruct', instruction: 'c', input: '', output: 'd' };
const AB = '{"instruction": "a", "input": "", "output": "b"}';
const CD = '{"instruction": "c", "input": "", "output": "d"}';
const talk = (...turns: readonly [role: 'system' | 'user' | 'assistant', content: string][]): Example => ({
  kind: 'messages',
  messages: turns.map(([role, content]) => ({ role, content })),
});

async function read(name: string, content: string | Uint8Array, options?: ReadOptions) {
  const made = await readDataset(bytesSource(typeof content === 'string' ? bytes(content) : content, name), options);
  if (made.kind !== 'rows') throw new Error(`columns: ${made.columns.join()}`);
  return made;
}

describe('what stands around rows', () => {
  test.each<[what: string, name: string, content: string, rows: readonly Example[]]>([
    ['a list on each line', 'x.jsonl', `[${AB}]\n[${CD}]\n`, [ab, cd]],
    ['a byte order mark within', 'x.jsonl', `\uFEFF${AB}\n\uFEFF${CD}\n`, [ab, cd]],
    ['values without a break', 'x.json', `${AB}${CD}`, [ab, cd]],
    [
      'values on many lines',
      'x.jsonl',
      `{\n"instruction": "a",\n"output": "b"\n}\n{\n"instruction": "c",\n"output": "d"\n}\n`,
      [ab, cd],
    ],
    ['returns as line ends', 'x.jsonl', `${AB}\r${CD}\r`, [ab, cd]],
    ['commas after lines', 'x.jsonl', `${AB},\n${CD},\n`, [ab, cd]],
    ['record separators', 'x.jsonl', `\u001E${AB}\n\u001E${CD}\n`, [ab, cd]],
    ['a comma too many', 'x.json', `[${AB}, ${CD},]`, [ab, cd]],
    ['one row alone', 'x.json', AB, [ab]],
    ['data', 'x.json', `{"version": "1", "data": [${AB}]}`, [ab]],
    [
      'the dataset viewer',
      'x.json',
      `{"features": [], "rows": [{"row_idx": 0, "row": ${AB}, "truncated_cells": []}]}`,
      [ab],
    ],
    ['ids', 'x.json', `{"1": ${AB}, "2": ${CD}}`, [ab, cd]],
    ['pandas, by column', 'x.json', '{"instruction": {"0": "a", "1": "c"}, "output": {"0": "b", "1": "d"}}', [ab, cd]],
    ['pandas, lists', 'x.json', '{"instruction": ["a", "c"], "input": ["", ""], "output": ["b", "d"]}', [ab, cd]],
    ['pandas, split', 'x.json', '{"columns": ["instruction", "output"], "index": [0], "data": [["a", "b"]]}', [ab]],
    ['pandas, table', 'x.json', `{"schema": {"fields": []}, "data": [${AB}]}`, [ab]],
    [
      'a conversation alone',
      'x.json',
      '[{"role":"user","content":"q"},{"role":"assistant","content":"r"}]',
      [talk(['user', 'q'], ['assistant', 'r'])],
    ],
    [
      'a conversation on each line',
      'x.jsonl',
      '[{"role":"user","content":"q"},{"role":"assistant","content":"r"}]\n[{"from":"human","value":"s"},{"from":"gpt","value":"t"}]',
      [talk(['user', 'q'], ['assistant', 'r']), talk(['user', 's'], ['assistant', 't'])],
    ],
    [
      'one row of tokens',
      'x.json',
      '{"input_ids": [1, 2], "labels": [1, 2]}',
      [{ kind: 'tokens', ids: [1, 2], labels: [1, 2] }],
    ],
    [
      'one conversation of one prompt',
      'x.json',
      '{"prompt": [{"role":"user","content":"q"}], "completion": [{"role":"assistant","content":"r"}]}',
      [talk(['user', 'q'], ['assistant', 'r'])],
    ],
  ])('%s', async (_, name, content, rows) => {
    const made = await read(name, content);
    expect(made.rows).toEqual(rows);
    expect(made.unread).toEqual([]);
  });

  test('splits: what is there to be trained on is read, and the rest is said', async () => {
    const { rows, notes } = await read('x.json', `{"test": [${AB}, ${AB}], "train": [${CD}]}`);
    expect(rows).toEqual([cd]);
    expect(notes).toEqual(['Of its parts train is read; left out: test (2).']);
  });
});

describe('names of fields', () => {
  test.each<[content: string, row: Example]>([
    ['{"Instruction": "a", "Input": "", "Output": "b"}', ab],
    ['{" INSTRUCTION": "a", "Response ": "b"}', ab],
    ['{"query": "a", "response": "b"}', ab],
    ['{"inputs": "a", "targets": "b"}', ab],
    ['{"question": "a", "answer": "b", "id": 3}', ab],
    ['{"question": "a", "context": "x", "answer": "b"}', { ...ab, input: 'x' } as Example],
    ['{"user": "a", "assistant": "b"}', ab],
    ['{"prompt": "a", "output": "b"}', { kind: 'completion', prompt: 'a', completion: 'b' }],
    [
      '{"instruction": "a", "output": "b", "system": "S", "history": [["q", "r"]]}',
      talk(['system', 'S'], ['user', 'q'], ['assistant', 'r'], ['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"instruction": "a", "input": "x", "output": "b", "system": "S"}',
      talk(['system', 'S'], ['user', 'a\nx'], ['assistant', 'b']),
    ],
    ['{"instruction": "a", "output": "b", "system": "", "history": []}', ab],
    [
      '{"system_prompt": "S", "question": "a", "response": "b"}',
      talk(['system', 'S'], ['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"conversations": [{"from": "User", "value": "a"}, {"from": "AI", "value": "b"}]}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"messages": [{"role": "prompter", "text": "a"}, {"role": "bot", "text": "b"}]}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"messages": [{"role": "human", "content": "a"}, {"role": "model", "content": "b"}]}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    ['{"prompt": "a", "chosen": "b", "rejected": "c"}', { kind: 'completion', prompt: 'a', completion: 'b' }],
    [
      '{"chosen": [{"role":"user","content":"a"},{"role":"assistant","content":"b"}], "rejected": []}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"prompt": [{"role":"user","content":"a"}], "chosen": [{"role":"assistant","content":"b"}], "rejected": []}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"prompt": "a", "chosen": [{"role":"assistant","content":"b"}], "rejected": []}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"instruction": "a", "input": "i", "chosen": "b", "rejected": "c"}',
      { kind: 'instruct', instruction: 'a', input: 'i', output: 'b' },
    ],
    ['{"question": "a", "chosen": "b", "rejected": "c"}', { kind: 'completion', prompt: 'a', completion: 'b' }],
    [
      '{"system": "s", "question": "a", "chosen": "b", "rejected": "c"}',
      talk(['system', 's'], ['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"conversations": [{"from":"human","value":"a"}], "chosen": {"from":"gpt","value":"b"}, "rejected": {"from":"gpt","value":"c"}}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    [
      '{"messages": [{"role":"user","content":"a"}], "chosen": "b", "rejected": "c"}',
      talk(['user', 'a'], ['assistant', 'b']),
    ],
    ['{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b", "rejected": "x"}', talk(['user', 'a'], ['assistant', 'b'])],
  ])('%s', async (content, row) => {
    expect((await read('x.json', `[${content}]`)).rows).toEqual([row]);
  });

  test('preferences are said to be rows to learn', async () => {
    const { format, notes } = await read('x.json', '[{"prompt":"a","chosen":"b","rejected":"c"}]');
    expect(format).toBe('Preferences JSON');
    expect(notes).toEqual([expect.stringMatching(/Training on preferences is not supported yet/)]);
  });

  test('answers that are marked as not to be given are left out', async () => {
    const rows = [true, false, undefined].map((label) => ({ prompt: 'a', completion: `b ${label}`, label }));
    const found = await read('x.json', JSON.stringify(rows));
    expect(found.rows).toMatchObject([{ completion: 'b true' }, { completion: 'b undefined' }]);
    expect(found.unread).toMatchObject([{ place: 1, code: 'undesirable' }]);
  });

  test.each([
    ['"weight": 0', false],
    ['"weight": 1', undefined],
    ['"loss": false', false],
    ['"train": false', false],
    ['"train": true', undefined],
    ['"loss_mask": 0', false],
  ])('a turn of %s', async (mark, learn) => {
    const content = `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b",${mark}},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}`;
    const [row] = (await read('x.jsonl', content)).rows;
    if (row?.kind !== 'messages') throw new Error('no messages');
    expect(row.messages.map((message) => message.learn)).toEqual([undefined, learn, undefined, undefined]);
  });
});

test('a record too deep to be one is left out alone', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const rows = [{ kind: 'instruct', instruction: 'a', input: '', output: 'b' }];
  for (const content of [
    `[{"instruction": ${deep}, "output": "x"},{"instruction": "a", "output": "b"}]`,
    `{"messages": ${deep}}\n{"instruction": "a", "output": "b"}`,
    `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}\n{"instruction": "a", "output": "b"}`,
  ]) {
    const found = await read('x.jsonl', content);
    expect(found.rows).toEqual(rows);
    expect(found.unread).toMatchObject([
      { code: 'not-json', message: expect.stringContaining('inside each other') as string },
    ]);
  }
});

describe('texts that hold turns', () => {
  test.each<[text: string, row: Example]>([
    ['<s>[INST] hi [/INST] hello </s>', talk(['user', 'hi'], ['assistant', 'hello'])],
    [
      '<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nhi [/INST] hello </s><s>[INST] q [/INST] r </s>',
      talk(['system', 'S'], ['user', 'hi'], ['assistant', 'hello'], ['user', 'q'], ['assistant', 'r']),
    ],
    ['### Human: hi### Assistant: hello', talk(['user', 'hi'], ['assistant', 'hello'])],
    ['Below is an instruction that describes a task. Write a response.\n\n### Instruction:\na\n\n### Response:\nb', ab],
    ['### Instruction:\na\n\n### Input:\nx\n\n### Response:\nb\n\n### End', { ...ab, input: 'x' } as Example],
    ['<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n', talk(['user', 'a'], ['assistant', 'b'])],
    // what does not come apart whole stays what it is
    ['In Llama 2 [INST] begins a turn.', { kind: 'text', text: 'In Llama 2 [INST] begins a turn.' }],
    ['### Instruction: says what to do.', { kind: 'text', text: '### Instruction: says what to do.' }],
  ])('%s', async (text, row) => {
    const { rows, notes } = await read('x.jsonl', JSON.stringify({ text }));
    expect(rows).toEqual([row]);
    expect(notes).toHaveLength(row.kind === 'text' ? 0 : 1);
  });
});

describe('JSON as others write it', () => {
  test.each<[content: string, row: Example, note: RegExp]>([
    [
      '[{"instruction":"a\tb","output":"x\ny"}]',
      { ...ab, instruction: 'a\tb', output: 'x\ny' } as Example,
      /unescaped, and are kept \(row 1\)\.$/,
    ],
    ['[{"instruction":"a","input":NaN,"output":"b"}]', ab, /^NaN or Infinity/],
    ["[{'instruction': 'a', 'input': None, 'output': \"b\"}]", ab, /as Python prints them/],
    [
      "[{'instruction': 'it\\'s \"a\"', 'output': 'b'}]",
      { ...ab, instruction: 'it\'s "a"' } as Example,
      /as Python prints them/,
    ],
    ['[{"instruction":"a","instruction":"z","output":"b"}]', { ...ab, instruction: 'z' } as Example, /appears twice/],
    ['[{"instruction":"a","output":"b",}]', ab, /There is a trailing comma/],
  ])('%s', async (content, row, note) => {
    const made = await read('x.json', content);
    expect(made.rows).toEqual([row]);
    expect(made.notes).toEqual([expect.stringMatching(note)]);
    expect((await read('x.jsonl', `${content.slice(1, -1)}\n${AB}`)).rows).toEqual([row, ab]);
  });

  test('texts keep what JSON lets them have', async () => {
    const { rows, notes } = await read(
      'x.jsonl',
      '{"instruction":"a\u2028b \\ud83d","output":"c\u0085d NaN, \'x\' None,}"}',
    );
    expect(rows).toEqual([{ ...ab, instruction: 'a\u2028b \ud83d', output: "c\u0085d NaN, 'x' None,}" }]);
    expect(notes).toEqual([]);
  });

  test('NaN where text is needed is no text', async () => {
    const { rows, unread } = await read('x.json', `[{"instruction":"a","output":NaN},${AB}]`);
    expect(rows).toEqual([ab]);
    expect(unread).toMatchObject([{ place: 0, code: 'missing-field' }]);
  });
});

describe('bad rows beside good ones', () => {
  test.each<
    [name: string, content: string, kept: number, bad: readonly [row: number, code: string, message: RegExp][]]
  >([
    ['x.json', `[${AB},{"instruction":"b","output":"c"},{"instruction":d}]`, 2, [[3, 'not-json', /^It is not JSON: /]]],
    ['x.json', `[${AB},{"instruction":d},${CD}]`, 2, [[2, 'not-json', /^It is not JSON: /]]],
    ['x.json', `[\n${AB},\n{"instruction":"torn, "output":"x"},\n${CD}\n]`, 2, [[2, 'not-json', /./]]],
    ['x.json', `[\n${AB},\n{"instruction":"torn","output":"x},\n${CD},\n${AB}\n]`, 3, [[2, 'not-json', /./]]],
    ['x.json', `[${AB}, {"instruction":"cut o`, 1, [[2, 'not-json', /./]]],
    ['x.json', `{"data": [${AB}, {"instruction": d}, ${CD}]}`, 2, [[2, 'not-json', /./]]],
    ['x.jsonl', `${AB}\n\n{"instruction":\n${CD}`, 2, [[2, 'not-json', /\(line 3\)/]]],
    [
      'x.jsonl',
      `{"instruction":"a","output"\n${AB}\nrubbish\n`,
      1,
      [
        [1, 'not-json', /\(line 1\)/],
        [3, 'not-json', /\(line 3\)/],
      ],
    ],
    ['x.json', `[${AB}, 7]`, 1, [[2, 'not-a-row', /^It is not an object/]]],
    [
      'x.json',
      `[{"instruction":"b"}, ${AB}]`,
      1,
      [[1, 'missing-field', /^It has no field output\. Its fields are instruction\.$/]],
    ],
    [
      'x.json',
      `[{"instruction":null,"output":"b"}, ${AB}]`,
      1,
      [[1, 'missing-field', /^It has nothing in the field instruction/]],
    ],
    ['x.json', `[{"foo":1}, ${AB}]`, 1, [[1, 'missing-field', /^It has no field instruction\. Its fields are foo/]]],
    [
      'x.json',
      '[{"prompt":"a","completion":"b"}, {"prompt":"c"}]',
      1,
      [[2, 'missing-field', /^It has no field completion/]],
    ],
    [
      'x.json',
      '[{"conversations":[]},{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}]',
      1,
      [[1, 'no-messages', /is empty/]],
    ],
    [
      'x.json',
      '[{"conversations":[{"from":"human","value":"a"}]},{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}]',
      1,
      [[1, 'no-answer', /none of its messages/]],
    ],
    [
      'x.csv',
      'instruction,input,output\nhi,,there\nyo\n',
      1,
      [[2, 'wrong-cells', /^It has 1 cell, and the header has 3/]],
    ],
    ['x.csv', 'instruction,output\na,b,c,d\ne,f\n', 1, [[1, 'wrong-cells', /^It has 4 cells/]]],
    ['x.csv', 'instruction,output\na,b\n"c,d\ne,f\n', 2, [[2, 'torn-quotes', /starts a quotation/]]],
    ['x.csv', 'instruction,output\na,b\n"c" d,e\nf,g\n', 2, [[2, 'torn-quotes', /not written twice/]]],
    ['x.csv', 'instruction,output\n"a,b\n"c",d\ne,f\n', 2, [[1, 'torn-quotes', /./]]],
  ])('%s: %s', async (name, content, kept, bad) => {
    const made = await read(name, content);
    expect(made.rows).toHaveLength(kept);
    expect(made.unread.map(({ place, code }) => [place + 1, code])).toEqual(bad.map(([row, code]) => [row, code]));
    for (const [i, [, , message]] of bad.entries()) expect(made.unread[i].message).toMatch(message);
    // what is bad is kept as it stands, and no row is named twice
    for (const { text } of made.unread) expect(content.replaceAll(/\s/g, '')).toContain(text.replaceAll(/\s/g, ''));
    expect(new Set([...made.places, ...made.unread.map(({ place }) => place)]).size).toBe(kept + bad.length);
  });

  test('numbers, truth values and lists of texts become text, row by row', async () => {
    const { rows, conversions } = await read(
      'x.json',
      `[{"instruction":5,"output":true},{"instruction":"a","output":["b","c"]},${AB}]`,
    );
    expect(rows).toEqual([{ ...ab, instruction: '5', output: 'true' }, { ...ab, output: 'b\nc' }, ab]);
    expect(conversions.map(({ row, code }) => [row, code])).toEqual([
      [0, 'made-text'],
      [0, 'made-text'],
      [1, 'made-text'],
    ]);
    expect(conversions[1].message).toBe('It has a boolean in the field output, which was converted to text.');
  });
});

describe('tables as spreadsheets save them', () => {
  test.each<[what: string, content: string, rows: readonly Example[], notes: readonly RegExp[]]>([
    ['empty columns at the end', 'instruction,input,output,,\r\na,,b,,\r\nc,,d,,\r\n', [ab, cd], []],
    ['rows wider by empty cells', 'instruction,input,output\na,,b,\nc,,d,\n', [ab, cd], [/rows 1 and 2/]],
    ['pandas’ index', ',instruction,input,output\n0,a,,b\n', [ab], [/without a name/]],
    ['a line that names the delimiter', 'sep=;\ninstruction;input;output\na;;b\n', [ab], []],
    ['semicolons', '\uFEFFinstruction;input;output\r\na;;b\r\n', [ab], []],
    ['an inch', 'instruction,input,output\n5" pipe?,,b\n', [{ ...ab, instruction: '5" pipe?' } as Example], []],
    [
      'messages in a cell',
      'messages\n"[{""role"":""user"",""content"":""a""},{""role"":""assistant"",""content"":""b""}]"\n',
      [talk(['user', 'a'], ['assistant', 'b'])],
      [],
    ],
    [
      'messages as pandas writes them',
      `messages\n"[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]"\n`,
      [talk(['user', 'a'], ['assistant', 'b'])],
      [],
    ],
  ])('%s', async (_, content, rows, notes) => {
    const made = await read('x.csv', content);
    expect(made.rows).toEqual(rows);
    expect(made.unread).toEqual([]);
    expect(made.notes).toEqual(notes.map((note) => expect.stringMatching(note) as string));
  });
});

describe('encodings', () => {
  const text = '{"instruction":"Grüße – naïve","output":"b"}\n';
  const row = { ...ab, instruction: 'Grüße – naïve' };

  test('UTF-16 with and without a byte order mark', async () => {
    for (const mark of ['\uFEFF', '']) {
      const little = Buffer.from(mark + text, 'utf16le');
      expect((await read('x.jsonl', Uint8Array.from(little))).rows).toEqual([row]);
      expect((await read('x.jsonl', Uint8Array.from(little.swap16()))).rows).toEqual([row]);
    }
  });

  test('windows-1252 is read where it is named, and asked for where it is not', async () => {
    const western = Uint8Array.from([...text].map((each) => (each === '–' ? 0x96 : each.charCodeAt(0))));
    const error = await read('x.jsonl', western).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(/is not UTF-8 text: line 1/) as string,
    });
    expect((error as { sample: Uint8Array }).sample).toEqual(western.slice(0, 200));
    expect((await read('x.jsonl', western, { encoding: 'windows-1252' })).rows).toEqual([row]);
    await expect(read('x.jsonl', western, { encoding: 'klingon' })).rejects.toMatchObject({ code: 'bad-dataset' });
  });
});
