// Finds the programs that tests run on, or installs them where that is allowed: Chromium, Firefox, software Vulkan
// drivers, and the compiler of kernels on paper.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { compiler, HEADERS, LEAST_MESA } from '../bench/paper/prepare.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];
export const LAVAPIPE = '/usr/share/vulkan/icd.d/lvp_icd.json';
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const BACKPORTS = '/etc/apt/sources.list.d/pronk-backports.sources';

const first = (paths) => paths.find((path) => existsSync(path));

/** Path of a Chromium, or undefined. */
export const chromium = () => process.env.PRONK_CHROMIUM ?? first(CHROMIUM);
/** Path of a Firefox, or undefined. */
export const firefox = () => process.env.PRONK_FIREFOX ?? first(FIREFOX);

const debianRelease = () => {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /VERSION_CODENAME=(\w+)/.exec(release)?.[1];
};

/** Mesa's lavapipe of Debian 12 (22.3) is refused by Dawn; backports have one that works. */
function lavapipeWorks() {
  if (!existsSync(LAVAPIPE)) return false;
  try {
    const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'mesa-vulkan-drivers'], { encoding: 'utf8' });
    return Number(version.split('.')[0]) >= LEAST_MESA;
  } catch {
    return true;
  }
}

/** Installs what is missing; only as root with apt, in CI or a container. Elsewhere says which command helps. */
export function ensureBrowsers() {
  const wanted = [];
  if (!chromium()) wanted.push('chromium');
  if (!firefox()) wanted.push('firefox-esr');
  if (!existsSync('/usr/lib/x86_64-linux-gnu/libvulkan.so.1')) wanted.push('libvulkan1');
  // kernels on paper are compiled by Mesa through a layer that is built here
  if (!compiler()) wanted.push('gcc', 'libc6-dev');
  if (!existsSync(HEADERS)) wanted.push('libvulkan-dev');
  const mesa = !lavapipeWorks();
  if (wanted.length === 0 && !mesa) return;
  const backports = debianRelease() === 'bookworm';
  const mesaArguments = [...(backports ? ['-t', 'bookworm-backports'] : []), 'mesa-vulkan-drivers'];
  const contained = process.env.CI || existsSync('/.dockerenv') || existsSync('/container_info.json');
  if (process.getuid?.() !== 0 || !contained || !existsSync('/usr/bin/apt-get')) {
    if (wanted.length) console.error(`Missing for the tests: apt-get install ${wanted.join(' ')}`);
    if (mesa) console.error(`Missing for the tests: apt-get install ${mesaArguments.join(' ')}`);
    return;
  }
  if (mesa && backports && !existsSync(BACKPORTS)) {
    const debian = 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm-backports\nComponents: main\n';
    writeFileSync(BACKPORTS, `${debian}Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`);
  }
  const apt = (...args) =>
    execFileSync('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt('update');
  if (wanted.length) apt('install', '-y', '--no-install-recommends', ...wanted);
  if (mesa) apt('install', '-y', '--no-install-recommends', ...mesaArguments);
}
