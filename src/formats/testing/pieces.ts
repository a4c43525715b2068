// Files that a writer gives piece by piece, as sources that readers take.
import { bytesSource, type Source } from '../../core/source';

type Pieces = AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;

/** A file of these pieces, one behind the other. */
export async function sourceOf(pieces: Pieces, name: string): Promise<Source> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) all.push(piece);
  return bytesSource(new Uint8Array(await new Blob(all).arrayBuffer()), name);
}

/** Files as exports list them. */
export function sourcesOf(
  files: readonly { readonly name: string; readonly pieces: Pieces | (() => Pieces) }[],
): Promise<Source[]> {
  return Promise.all(files.map(({ name, pieces }) => sourceOf(typeof pieces === 'function' ? pieces() : pieces, name)));
}
