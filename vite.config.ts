import solid from 'vite-plugin-solid';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: './',
  plugins: [
    solid(),
    VitePWA({
      registerType: 'prompt',
      injectRegister: 'auto',
      workbox: { globPatterns: ['**/*.{js,css,html,svg,webmanifest}'], maximumFileSizeToCacheInBytes: 4 << 20 },
      manifest: false,
    }),
  ],
  worker: { format: 'es' },
  build: { target: 'esnext' },
  test: {
    environment: 'node',
    projects: [
      { extends: true, test: { name: 'node', include: ['src/**/*.test.ts'], exclude: ['src/**/*.gpu.test.ts'] } },
      {
        extends: true,
        test: { name: 'gpu', include: ['src/**/*.gpu.test.ts'], testTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
