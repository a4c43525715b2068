// Lists of layers as people write them.

/** `4-7, 9` → [4, 5, 6, 7, 9]; nothing is all of them (null); undefined where it is no such list. */
export function parseLayers(text: string): readonly number[] | null | undefined {
  if (text.trim() === '' || text.trim() === 'all') return null;
  const layers = new Set<number>();
  for (const part of text.split(',')) {
    const range = /^\s*(\d{1,3})\s*(?:[-–]\s*(\d{1,3})\s*)?$/.exec(part);
    if (!range) return undefined;
    const from = Number(range[1]);
    const to = Number(range[2] ?? range[1]);
    if (to < from) return undefined;
    for (let layer = from; layer <= to; layer++) layers.add(layer);
  }
  return [...layers].toSorted((a, b) => a - b);
}

/** [4, 5, 6, 7, 9] → `4-7, 9` */
export function formatLayers(layers: readonly number[] | null): string {
  if (layers === null) return '';
  const parts: string[] = [];
  for (let i = 0; i < layers.length; ) {
    let end = i;
    while (layers[end + 1] === layers[end] + 1) end++;
    parts.push(end > i ? `${layers[i]}-${layers[end]}` : String(layers[i]));
    i = end + 1;
  }
  return parts.join(', ');
}
