// What a person takes away: conversations as Markdown or JSON, starred runs as a dataset.
import { type Conversation, shownPath } from './conversation';
import type { Run } from './instruct';

/** The shown branch, as a page to read. */
export function toMarkdown(conversation: Conversation): string {
  const { title, system } = conversation;
  const parts = [`# ${title}`];
  if (system.trim() !== '') parts.push(`> **System:** ${system.trim().replaceAll('\n', '\n> ')}`);
  for (const { role, content, model } of shownPath(conversation)) {
    parts.push(`## ${role === 'user' ? 'You' : (model ?? 'Answer')}`, content);
  }
  return `${parts.join('\n\n')}\n`;
}

/** Everything, branches included, as it is stored; without the ids that answers are gone on with from. */
export const toJson = (conversation: Conversation): string =>
  `${JSON.stringify(conversation, (key, value: unknown) => (key === 'tokens' ? undefined : value), 2)}\n`;

/** Rows as in Alpaca's dataset. */
export function toDataset(runs: readonly Run[]): string {
  const rows = runs.map(({ instruction, input, response }) => ({ instruction, input, output: response }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** A file name from a title. */
export const fileName = (title: string, extension: string): string =>
  `${
    title
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60) || 'pronk'
  }.${extension}`;

/** Hands a text to the browser's downloads. */
export const download = (name: string, text: string, type = 'text/plain'): void =>
  downloadBlob(name, new Blob([text], { type }));

/** Hands a file to the browser's downloads. */
export function downloadBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // a large file is read for as long as it is written
  setTimeout(() => URL.revokeObjectURL(link.href), 600_000);
}
