// What a person should know although nothing failed.

/** Says each on standard error. */
export function sayNotes(notes: readonly string[] = []): void {
  for (const note of notes) console.error(`Note: ${note}`);
}
