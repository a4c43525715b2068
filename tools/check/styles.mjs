// The page's styles: no rule for a class that no component has, and shared classes are styled in src/ui/shared only. A place
// chooses one of their modifiers, or sets the custom properties that they read.

const SHARED = 'src/ui/shared/';
/** Put on its elements by a library, or made of parts by a component. */
const ELSEWHERE = new Set(['u-select', 'align-right', 'align-center']);

/** The selectors of a style sheet, nested ones as they stand, each with the line it begins on. */
function selectorsOf(text) {
  const code = text
    .replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/@[a-z-]+[^;{]*;/g, (rule) => rule.replace(/[^\n]/g, ' '));
  return Array.from(code.matchAll(/([^{};]+)\{/g), (match) => ({
    selector: match[1].trim(),
    line: code.slice(0, match.index + match[0].length).split('\n').length,
  })).filter(({ selector }) => !selector.startsWith('@'));
}

const classesIn = (selector) => Array.from(selector.matchAll(/\.(-?[a-zA-Z_][\w-]*)/g), (match) => match[1]);
/** What a selector styles: the last element of each of its alternatives. */
const lastElements = (selector) =>
  selector
    .replace(/:(is|not|has)\([^()]*(\([^()]*\)[^()]*)*\)/g, '')
    .split(',')
    .map(
      (each) =>
        each
          .trim()
          .split(/[\s>+~]+/)
          .at(-1) ?? '',
    );

function find(files) {
  const sheets = files.filter(({ path }) => path.startsWith('src/ui/') && path.endsWith('.css'));
  const components = files.filter(({ path }) => /^src\/ui\/.*\.tsx?$/.test(path) && !path.includes('.test.'));
  const words = new Set(components.flatMap(({ text }) => text.match(/[\w-]+/g) ?? []));
  /** Classes that begin a rule in shared/; what follows one of them is its modifier. */
  const shared = new Set(
    sheets
      .filter(({ path }) => path.startsWith(SHARED))
      .flatMap(({ text }) => selectorsOf(text))
      .flatMap(({ selector }) =>
        selector.startsWith('.') ? selector.split(',').flatMap((each) => classesIn(each).slice(0, 1)) : [],
      ),
  );
  return sheets.flatMap(({ path, text }) =>
    selectorsOf(text).flatMap(({ selector, line }) => {
      const dead = classesIn(selector).filter((name) => !words.has(name) && !ELSEWHERE.has(name));
      const restyled = path.startsWith(SHARED)
        ? []
        : lastElements(selector)
            .map((last) => classesIn(last)[0])
            .filter((name) => name !== undefined && shared.has(name));
      return [
        ...dead.map((name) => `${path}:${line}: no component has the class ${name}`),
        ...restyled.map((name) => `${path}:${line}: .${name} is a shared class; give it a modifier in ${SHARED}`),
      ];
    }),
  );
}

const component = { path: 'src/ui/chat/a.tsx', text: '<p class="hint note" />' };
const controls = { path: `${SHARED}controls.css`, text: '.hint {\n  color: red;\n}\n' };
const place = (text) => [component, controls, { path: 'src/ui/chat/chat.css', text }];

/** @type {import('./run.mjs').Check} */
export default {
  name: 'styles',
  find,
  faults: [
    place('.gone {\n  color: red;\n}\n'),
    place('.note .hint {\n  color: red;\n}\n'),
    place('.note {\n  > .hint {\n    color: red;\n  }\n}\n'),
  ],
  sound: [
    place('.note {\n  --gap: 1rem;\n\n  p {\n    color: red;\n  }\n}\n'),
    place('/* .gone */\n.hint .note {\n}\n'),
  ],
};
