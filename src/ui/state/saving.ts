// Files that leave: into a folder that the person picks, or through the browser's downloads.
import type { Saved } from '../../worker/api';
import { downloadBlob } from './export';
import { countOf, formatBytes } from './format';
import { pickFolder } from './given';

/** Asks where to, saves, and hands over what comes along; undefined where the person thought better of it. */
export async function saveFiles(
  save: (folder: FileSystemDirectoryHandle | undefined) => Promise<readonly Saved[]>,
): Promise<readonly Saved[] | undefined> {
  const folder = await pickFolder('readwrite');
  if (folder === null) return undefined;
  const saved = await save(folder);
  for (const { file, name, ok } of saved) if (file && ok) downloadBlob(name, file);
  return saved;
}

/** What was saved, as a sentence. */
export function savedSentence(saved: readonly Saved[] | undefined): string {
  if (!saved) return '';
  const good = saved.filter(({ ok }) => ok);
  const bytes = good.reduce((sum, each) => sum + each.bytes, 0);
  const bad = saved.length - good.length;
  const kept = good.length > 0 ? `${countOf(good.length, 'file')} saved, ${formatBytes(bytes)}.` : '';
  const lost = bad > 0 ? `${countOf(bad, 'file')} failed the check and ${bad === 1 ? 'was' : 'were'} not kept.` : '';
  return [kept, lost].filter(Boolean).join(' ');
}
