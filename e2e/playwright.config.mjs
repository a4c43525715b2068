// The built page in Chromium, on its software adapter, as `vite preview` serves it. Build first: `npm run build`.
import { defineConfig } from 'playwright/test';
import { chromium } from '../tools/browsers.mjs';

export default defineConfig({
  testDir: '.',
  globalSetup: './serve.mjs',
  outputDir: '../test-results',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  forbidOnly: Boolean(process.env.CI),
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: chromium(),
      args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-dev-shm-usage'],
    },
    screenshot: 'only-on-failure',
  },
});
