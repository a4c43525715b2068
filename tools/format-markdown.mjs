// Writes the project's Markdown as `npm run check` wants it.
import { writeFileSync } from 'node:fs';
import { projectFiles, projectPaths } from './check/files.mjs';
import { formatted, isMarkdown } from './check/markdown.mjs';

for (const file of projectFiles(projectPaths()).filter(isMarkdown)) {
  const text = formatted(file);
  if (text !== file.text) writeFileSync(file.path, text);
}
