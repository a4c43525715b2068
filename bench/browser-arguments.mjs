// Chromium's arguments in benchmarks.

/** Arguments from `PRONK_BROWSER_ARGS`, words with spaces between, or those for Chromium's software adapter. */
export function browserArguments() {
  const given = process.env.PRONK_BROWSER_ARGS;
  const own = given === undefined ? ['--use-webgpu-adapter=swiftshader'] : given.split(' ').filter(Boolean);
  return ['--enable-unsafe-webgpu', '--disable-dev-shm-usage', ...own];
}
