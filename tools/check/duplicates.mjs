// No twelve lines stand twice: what is needed in two places is written in one and imported.

const WINDOW = 12;

/** Pairs of files that may share lines, each with its reason. */
const ALLOWED = [
  {
    files: ['shaders/attention/attention-backward-q-tiled.wgsl', 'shaders/attention/attention-packed-tiled.wgsl'],
    reason: 'two kernels begin with the same names for their tile, and WGSL shares functions alone',
  },
];

const isAllowed = (one, other) => ALLOWED.some(({ files }) => files.includes(one) && files.includes(other));

/** Lines of code: without blank ones, imports and comments. */
function codeLines({ path, text }) {
  const lines = [];
  let inImport = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (/^(import|export) (type )?[{*]?/.test(line) && /^import|^export .* from /.test(line)) inImport = true;
    const skipped = inImport || line === '' || /^(\/\/|\/\*|\*)/.test(line);
    if (inImport && /(from )?['"][^'"]*['"];?$/.test(line)) inImport = false;
    if (!skipped) lines.push({ line, number: index + 1, path });
  }
  return lines;
}

/** The pairs of places where WINDOW lines of code are equal, each as long as it is. */
function repeats(files) {
  const first = new Map();
  const found = [];
  for (const file of files) {
    const lines = codeLines(file);
    let within;
    for (let start = 0; start + WINDOW <= lines.length; start++) {
      const key = lines
        .slice(start, start + WINDOW)
        .map(({ line }) => line)
        .join('\n');
      const before = first.get(key);
      if (before === undefined) {
        first.set(key, { ...lines[start], start });
        within = undefined;
        continue;
      }
      // a longer repeat is one finding: it goes on while both places move by a line
      const goesOn = within !== undefined && within.path === before.path && within.next === before.start;
      if (goesOn) {
        within.next++;
        within.finding.count++;
      } else {
        const finding = { path: file.path, number: lines[start].number, before, count: WINDOW };
        within = { path: before.path, next: before.start + 1, finding };
        found.push(finding);
      }
    }
  }
  return found;
}

const body = Array.from({ length: WINDOW }, (_, n) => `  const value${n} = read(${n});`).join('\n');
const shorter = body.slice(0, body.lastIndexOf('\n'));
const apart = (text) => [
  { path: 'src/a.ts', text: `export function a() {\n${text}\n  return value1;\n}\n` },
  { path: 'src/b.ts', text: `export function b() {\n${text}\n  return value2;\n}\n` },
];

/** @type {import('./run.mjs').Check} */
export default {
  name: 'duplicates',
  find: (files) =>
    repeats(files.filter(({ path }) => /\.(ts|tsx|mts|mjs|css|wgsl)$/.test(path)))
      .filter(({ path, before }) => !isAllowed(path, before.path))
      .map(
        ({ path, number, before, count }) =>
          `${path}:${number}: ${count} lines of code are those of ${before.path}:${before.number}`,
      ),
  faults: [apart(body)],
  sound: [apart(shorter)],
};
