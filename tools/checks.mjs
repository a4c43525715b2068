// The quick checks, which read the sources and run nothing of them: the one table for `npm run check`, `npm test` and CI.

/** By name, the command that passes or fails. */
export const CHECKS = {
  types: ['tsc', '--noEmit'],
  lint: ['oxlint', '--deny-warnings'],
  unused: ['knip'],
  format: ['biome', 'format'],
  layers: ['node', 'tools/check/imports.mjs'],
  text: ['node', 'tools/check/run.mjs'],
};
