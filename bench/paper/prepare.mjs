// Prepares the compiler of kernels for an AMD GPU that is not there: Mesa's RADV, and the layer of layer.c between it
// and Dawn.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const BUILT = join(here, '../../.cache/paper');
const DRIVERS = '/usr/share/vulkan/icd.d';
export const HEADERS = '/usr/include/vulkan/vk_layer.h';
export const LEAST_MESA = 25;

const icd = () =>
  existsSync(DRIVERS) ? readdirSync(DRIVERS).find((name) => /^radeon_icd.*\.json$/.test(name)) : undefined;

/** The path of a C compiler, or undefined. */
export function compiler() {
  const folders = (process.env.PATH ?? '').split(':');
  return ['cc', 'gcc', 'clang'].flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** Mesa's version as dpkg has it; undefined where there is no dpkg. */
function mesa() {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'mesa-vulkan-drivers'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}

/** The reason why kernels cannot be compiled on paper here, with what to install; undefined where they can. */
export function missing() {
  if (process.platform !== 'linux') return 'kernels on paper need Linux';
  const packages = [];
  if (!compiler()) packages.push('gcc');
  if (!existsSync(HEADERS)) packages.push('libvulkan-dev');
  const version = mesa();
  if (!icd() || (version !== undefined && Number.parseInt(version, 10) < LEAST_MESA)) {
    packages.push(`mesa-vulkan-drivers (${LEAST_MESA} or later; on Debian 12: -t bookworm-backports)`);
  }
  return packages.length > 0 ? `to install for kernels on paper: apt-get install ${packages.join(' ')}` : undefined;
}

/** Builds the layer where it is older than its source. */
function buildLayer() {
  const [source, library] = [join(here, 'layer.c'), join(BUILT, 'libpaper.so')];
  mkdirSync(BUILT, { recursive: true });
  if (existsSync(library) && statSync(library).mtimeMs > statSync(source).mtimeMs) return;
  const made = `${library}.${process.pid}`;
  execFileSync(compiler(), ['-std=c11', '-O1', '-shared', '-fPIC', '-Wall', '-o', made, source], { stdio: 'inherit' });
  const layer = {
    name: 'VK_LAYER_PRONK_paper',
    type: 'GLOBAL',
    library_path: library,
    api_version: '1.3.239',
    implementation_version: '1',
    description: 'A GPU on paper: compiles and executes nothing',
  };
  writeFileSync(join(BUILT, 'paper.json'), `${JSON.stringify({ file_format_version: '1.1.2', layer }, null, 2)}\n`);
  // another process may build it too: the last one replaces the file
  renameSync(made, library);
}

/**
 * Environment variables under which a process's Vulkan is a GPU of this family on paper; builds the layer first.
 * @throws Error that says what to install
 */
export function environment(family) {
  const why = missing();
  if (why) throw new Error(why);
  buildLayer();
  return {
    VK_ICD_FILENAMES: join(DRIVERS, icd()),
    VK_DRIVER_FILES: join(DRIVERS, icd()),
    RADV_FORCE_FAMILY: family,
    RADV_DEBUG: 'nocache',
    VK_LAYER_PATH: BUILT,
    VK_INSTANCE_LAYERS: 'VK_LAYER_PRONK_paper',
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? BUILT,
  };
}
