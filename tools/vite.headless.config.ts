// The command line's bundle for Node, packages left where they are: src/headless/main.ts, and the thread that it starts.
import { defineConfig } from 'vite';
import { nameKernels } from './kernel-digest.ts';
import { xgrammar } from './xgrammar-plugin.ts';

nameKernels(`${import.meta.dirname}/..`);

export default defineConfig({
  plugins: [xgrammar()],
  // evaluated in order with our own modules: it needs what src/gpu/globals.ts sets
  ssr: { noExternal: ['webgpu-utils'] },
  publicDir: false,
  build: {
    ssr: true,
    rollupOptions: {
      input: { main: 'src/headless/main.ts', 'hash-thread': 'src/headless/node-store/hash-thread.ts' },
      // modules that the page loads later may be in the command line's main file
      checks: { ineffectiveDynamicImport: false },
    },
    outDir: 'dist-headless',
    // a command that runs while this builds may still load its own chunks
    emptyOutDir: false,
    target: 'node20',
    sourcemap: true,
  },
});
