// A chat template's source, parsed.
import { PronkError } from '../core/errors';
import { Template } from './jinja/index';

// A prompt that is shortened to fit is rendered again and again, with one template.
let latest: { readonly source: string; readonly template: Template } | undefined;

/** The template of a source. @throws PronkError `bad-chat-template` where it cannot be read */
export function parseTemplate(source: string): Template {
  if (latest?.source === source) return latest.template;
  try {
    latest = { source, template: new Template(source) };
    return latest.template;
  } catch (error) {
    if (error instanceof PronkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The model’s chat template cannot be read (${reason}). Use Instruct, which does not need one.`;
    throw new PronkError('bad-chat-template', message, { cause: error });
  }
}
