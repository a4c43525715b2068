// No two runs and no two adapters have one name: who sees them in a list can tell them apart.

/** The name if it is free, else with the first number that is: `Rows`, `Rows (2)`, `Rows (3)`. */
export function numbered(name: string, taken: Iterable<string>): string {
  const others = new Set(taken);
  if (!others.has(name)) return name;
  const stem = name.replace(/ \(\d+\)$/, '');
  for (let n = 2; ; n++) {
    const next = `${stem} (${n})`;
    if (!others.has(next)) return next;
  }
}
