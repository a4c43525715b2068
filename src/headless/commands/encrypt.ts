// `encrypt`: files as point-alpaca's encrypted ones, with an original file as the key. A line a file; one that fails does not stop
// the others.
import { encryptFiles } from '../../engine/patches/encrypt';
import { parseOptions } from '../arguments';
import { CIPHER_OPTIONS, cipherSaving, keyAndOut, Results } from './shared/cipher-results';
import { fileAt } from '../node-store/files';
import { directory } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import type { Print } from '../print';

export async function encrypt(argv: readonly string[], print: Print): Promise<void> {
  const paths: string[] = [];
  const { key: keyPath, out } = keyAndOut(parseOptions(argv, CIPHER_OPTIONS, paths), paths);
  const files = await Promise.all(paths.map(fileAt));
  const key = await fileAt(keyPath);
  const results = new Results(print);
  const folder = await directory(out);
  await whileLocked(out, async () => {
    for await (const result of encryptFiles(key, files, folder, cipherSaving())) results.add(result);
  });
  results.finish();
}
