// Files that leave: into a folder that the person picks, or through the browser's downloads.
import type { SavedFile } from '../../worker/contract';
import { downloadBlob } from './downloads';
import { countOf, formatBytes } from './format';
import { pickFolder } from './picked-files';

/** A saved file, and where it is in words. */
export interface PlacedFile extends SavedFile {
  readonly where?: string;
}

/** Asks where to, saves, and hands over what comes along; undefined where the person thought better of it. */
export async function saveFiles(
  save: (folder: FileSystemDirectoryHandle | undefined) => Promise<readonly SavedFile[]>,
): Promise<readonly PlacedFile[] | undefined> {
  const folder = await pickFolder('readwrite');
  if (folder === null) return undefined;
  const saved = await save(folder);
  const files = new Set(saved.flatMap(({ file, ok }) => (file && ok ? [file] : [])));
  for (const file of files) downloadBlob(file.name, file);
  const where = (file: File | undefined) =>
    file ? `as “${file.name}” in the browser’s downloads` : `in the folder “${folder?.name ?? ''}”`;
  const elsewhere = files.size > 1 ? 'in the browser’s downloads' : undefined;
  return saved.map((each) => (each.ok ? { ...each, where: elsewhere ?? where(each.file) } : each));
}

/** What was saved and where, as a sentence. */
export function savedSentence(saved: readonly PlacedFile[] | undefined): string {
  if (!saved) return '';
  const good = saved.filter(({ ok }) => ok);
  const bytes = good.reduce((sum, each) => sum + each.bytes, 0);
  const bad = saved.length - good.length;
  const where = good.find((each) => each.where)?.where;
  const said = [`${countOf(good.length, 'file')} saved`, formatBytes(bytes), where].filter(Boolean).join(', ');
  const kept = good.length > 0 ? `${said}.` : '';
  const lost = bad > 0 ? `${countOf(bad, 'file')} failed the check and ${bad === 1 ? 'was' : 'were'} not kept.` : '';
  return [kept, lost, ...good.map(({ note }) => note)].filter(Boolean).join(' ');
}
