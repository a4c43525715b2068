import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import solid from 'vite-plugin-solid';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import { contentPolicy } from './tools/content-policy.ts';
import { nameKernels } from './tools/kernel-digest.ts';
import { xgrammar } from './tools/xgrammar-plugin.ts';

// The bundled model's content names its copy in the store: src/worker/bundled.ts
const BUNDLED_MODEL = 'public/demo-model/pronk-6m-q8_0.gguf';
if (existsSync(BUNDLED_MODEL)) {
  const digest = createHash('sha256').update(readFileSync(BUNDLED_MODEL)).digest('hex');
  process.env['VITE_BUNDLED_MODEL'] = digest.slice(0, 12);
}

nameKernels(import.meta.dirname);

export default defineConfig({
  base: './',
  plugins: [
    solid(),
    contentPolicy(),
    xgrammar(),
    VitePWA({
      registerType: 'prompt',
      injectRegister: null,
      workbox: { globPatterns: ['**/*.{js,css,html,svg,png,webmanifest}'], maximumFileSizeToCacheInBytes: 4 << 20 },
      manifest: false,
    }),
  ],
  worker: { format: 'es', plugins: () => [xgrammar()] },
  // light-dark() and nesting are written; every browser with WebGPU gets what it knows
  build: {
    target: 'esnext',
    cssTarget: ['chrome113', 'safari26', 'firefox141'],
    // those browsers preload modules by themselves
    modulePreload: { polyfill: false },
    // what the page starts with is one file: it is smaller than twenty, and asked for once
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
  },
  test: {
    environment: 'node',
    projects: [
      {
        extends: true,
        // none takes 2 seconds on a quiet machine; a busy one takes ten times as long
        test: {
          name: 'node',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.{gpu,paper}.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: { name: 'gpu', include: ['src/**/*.gpu.test.ts'], testTimeout: 120_000, fileParallelism: false },
      },
      { extends: true, test: { name: 'paper', include: ['src/**/*.paper.test.ts'], testTimeout: 240_000 } },
    ],
  },
});
