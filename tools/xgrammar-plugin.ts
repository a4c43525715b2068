// @mlc-ai/web-xgrammar is CommonJS in a package that calls itself modules, and keeps one instance of its WebAssembly for good. Here
// it is a module that makes an instance whenever it is asked, so that one that has given up is replaced, and what it says goes to
// whoever asked. It runs alike in a worker and under Node: no file is read, since its WebAssembly stands in its source.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

const NAME = '@mlc-ai/web-xgrammar/instance';
const ID = `\0${NAME}`;

export function xgrammar(): Plugin {
  return {
    name: 'xgrammar',
    enforce: 'pre',
    resolveId: (id) => (id === NAME ? ID : undefined),
    load(id) {
      if (id !== ID) return undefined;
      const path = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar');
      // only where it finds itself under Node, which `process` hides from it
      const source = readFileSync(path, 'utf8')
        .replace("await import('module')", '{}')
        .replace(/^\/\/# source.*$/m, '');
      return `export default function instance(console) {
        const module = { exports: {} }, exports = module.exports, process = undefined, __filename = '';
        const require = () => ({ pathToFileURL: () => ({ href: import.meta.url }) });
        ${source}
        return module.exports;
      }`;
    },
  };
}
