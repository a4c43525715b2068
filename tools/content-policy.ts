// What the built page and its workers may load and call, as a meta element of the page, as headers for hosts that send such
// (dist/_headers), and as headers of `vite preview`, which reads that file.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

const FILE = '_headers';

/** Models lie on any server that is asked by https, or on this machine. IPv6 addresses cannot be written in a policy. */
const MODELS = 'https: http://localhost:* http://127.0.0.1:*';

const COMMON = ["img-src 'self' data:", "object-src 'none'", "base-uri 'none'", "form-action 'none'"];

/** The page itself calls nothing but its own files; what stands inline in it is allowed by its hash. */
const pagePolicy = (scripts: readonly string[], styles: readonly string[]): string =>
  [
    "default-src 'self'",
    `script-src ${["'self'", ...scripts].join(' ')}`,
    `style-src ${["'self'", ...styles].join(' ')}`,
    ...COMMON,
  ].join('; ');

/**
 * One header for all files: a browser holds a page to this and to its meta element, and a worker to this alone. Workers
 * read models, and their checksums are computed by WebAssembly. Who may show the page in a frame only a header can say.
 */
const headerPolicy = (scripts: readonly string[], styles: readonly string[]): string =>
  [
    "default-src 'self'",
    `script-src ${["'self'", "'wasm-unsafe-eval'", ...scripts].join(' ')}`,
    `style-src ${["'self'", ...styles].join(' ')}`,
    `connect-src 'self' ${MODELS}`,
    ...COMMON,
    "frame-ancestors 'none'",
  ].join('; ');

const headersFile = (policy: string): string =>
  `/*\n  Content-Security-Policy: ${policy}\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: no-referrer\n`;

/** `  Name: value` lines of a file whose only rule is for all paths. */
function readHeaders(path: string): (readonly [name: string, value: string])[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, name, value] = /^\s+([\w-]+): (.+)$/.exec(line) ?? [];
    return name !== undefined && value !== undefined ? [[name, value] as const] : [];
  });
}

export function contentPolicy(): Plugin {
  let header: string | undefined;
  return {
    name: 'content-policy',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        // none where files are served as they are written
        if (!bundle) return [];
        const hashes = (tag: string) =>
          [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(
            ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
          );
        const [scripts, styles] = [hashes('script'), hashes('style')];
        header = headerPolicy(scripts, styles);
        const attrs = { 'http-equiv': 'Content-Security-Policy', content: pagePolicy(scripts, styles) };
        return [{ tag: 'meta', attrs, injectTo: 'head-prepend' }];
      },
    },
    writeBundle({ dir }) {
      if (header !== undefined && dir !== undefined) writeFileSync(join(dir, FILE), headersFile(header));
    },
    configurePreviewServer({ config, middlewares }) {
      middlewares.use((_request, response, next) => {
        // read anew: a build may have taken place meanwhile
        for (const [name, value] of readHeaders(resolve(config.root, config.build.outDir, FILE))) {
          response.setHeader(name, value);
        }
        next();
      });
    },
  };
}
