// The layout of WGSL, which no formatter is known for, and what every text file has in common: no tab, no space at a
// line's end, and one newline at the end of the file.

const COLUMNS = 120;

/** Lines that cannot be broken: an address, or a string that a test compares as a whole. */
const isUnbreakable = (line) => /^\s*\S+$/.test(line) || /https?:\/\/\S{60,}/.test(line);

/** WGSL stands two spaces further in than the line that opened its bracket, and so does a statement's next line. */
function* wgslIndents(text) {
  const opened = []; // by open bracket, the indentation of the line that has it
  let goesOn = false;
  for (const [index, line] of text.split('\n').entries()) {
    const code = line.replace(/\/\/.*/, '').trim();
    const found = line.length - line.trimStart().length;
    const closes = /^[)}\]]+/.exec(code)?.[0].length ?? 0;
    const around = closes > 0 ? opened.at(-closes) : (opened.at(-1) ?? -2) + 2;
    const due = (around ?? 0) + (goesOn && closes === 0 ? 2 : 0);
    if (line.trim() !== '' && found !== due) yield `${index + 1}: ${found} spaces where ${due} are due`;
    if (code === '') continue;
    for (const character of code) {
      if ('({['.includes(character)) opened.push(found);
      else if (')}]'.includes(character)) opened.pop();
    }
    goesOn = !/[;{},([]$|^@[^;{]*$/.test(code);
  }
}

function* faultsOf({ path, text }) {
  if (text === '') return;
  if (text.includes('\r')) yield '1: lines end with CR LF';
  if (!text.endsWith('\n') || text.endsWith('\n\n')) yield `${text.split('\n').length}: not one newline at the end`;
  const isWgsl = path.endsWith('.wgsl');
  for (const [index, line] of text.split('\n').entries()) {
    if (/[ \t]$/.test(line)) yield `${index + 1}: a space at the line's end`;
    if (line.includes('\t')) yield `${index + 1}: a tab`;
    if (isWgsl && [...line].length > COLUMNS && !isUnbreakable(line))
      yield `${index + 1}: ${[...line].length} columns, ${COLUMNS} at most`;
  }
  if (isWgsl) yield* wgslIndents(text);
}

const wgsl = (text) => [{ path: 'shaders/a.wgsl', text }];

/** @type {import('./run.mjs').Check} */
export default {
  name: 'layout',
  find: (files) => files.flatMap((file) => [...faultsOf(file)].map((fault) => `${file.path}:${fault}`)),
  faults: [
    wgsl('fn main() {\nlet x = 1;\n}\n'),
    wgsl('fn main() {\n    let x = 1;\n}\n'),
    wgsl('fn main() { \n  let x = 1;\n}\n'),
    wgsl('fn main() {\n\tlet x = 1;\n}\n'),
    wgsl('fn main() {}\n\n'),
    wgsl('fn main() {}'),
    wgsl('fn main() {}\r\n'),
    wgsl(`// ${'long '.repeat(30)}end\n`),
    [{ path: 'src/a.md', text: 'text \n' }],
  ],
  sound: [
    wgsl('fn main() {\n  if (a) {\n    //: for r in ROWS\n    b_$r = c(\n      d,\n    );\n    //: end r\n  }\n}\n'),
  ],
};
