// The command line's bundle: src/headless/main.ts for Node, packages left where they are.
import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    ssr: 'src/headless/main.ts',
    outDir: 'dist-headless',
    // a command that runs while this builds may still load its own chunks
    emptyOutDir: false,
    target: 'node20',
    sourcemap: true,
  },
  // evaluated in order with our own modules: it needs globals that src/headless/dawn.ts sets
  ssr: { noExternal: ['webgpu-utils'] },
});
