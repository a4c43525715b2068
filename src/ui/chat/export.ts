// A conversation as a file: Markdown to read, or JSON.
import { type Conversation, shownPath } from '../shared/conversation';

/** The shown branch, as a page to read. */
export function toMarkdown(conversation: Conversation): string {
  const { title, system } = conversation;
  const parts = [`# ${title}`];
  if (system.trim() !== '') parts.push(`> **System:** ${system.trim().replaceAll('\n', '\n> ')}`);
  for (const { role, content, thought, model } of shownPath(conversation)) {
    parts.push(
      `## ${role === 'user' ? 'You' : (model ?? 'Answer')}`,
      ...(thought?.text ? [folded(thought.text)] : []),
      content,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/** A thought as readers of Markdown fold it. */
const folded = (text: string) =>
  `<details>\n<summary>Thought</summary>\n\n${text.replaceAll('</details', '&lt;/details')}\n\n</details>`;

/** What only a model can go on from. */
const LEFT_OUT: ReadonlySet<string> = new Set(['tokens', 'odds']);

/** Everything, branches included, as it is stored; without the ids that answers are gone on with from, and their odds. */
export const toJson = (conversation: Conversation): string =>
  `${JSON.stringify(conversation, (key, value: unknown) => (LEFT_OUT.has(key) ? undefined : value), 2)}\n`;
