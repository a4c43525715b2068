// A digest of the kernels' sources: choices made for other kernels are not taken for these.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Puts the digest of a build's shaders and ops into `import.meta.env`. @param root of the sources */
export function nameKernels(root: string): void {
  const hash = createHash('sha256');
  for (const folder of ['shaders', 'src/ops']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((each) => /(?<!\.test)\.(wgsl|ts)$/.test(each)).toSorted()) {
      hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  process.env['VITE_KERNELS'] = hash.digest('hex').slice(0, 12);
}
