// What can go wrong in a template, apart: it refuses, it is wrong, it uses what Pronk lacks, or it takes too long.

/** Python's or Jinja's own error, by its class and words. */
export class TemplateError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export const typeError = (message: string) => new TemplateError('TypeError', message);
export const valueError = (message: string) => new TemplateError('ValueError', message);
export const undefinedError = (message: string) => new TemplateError('UndefinedError', message);
export const syntaxError = (message: string, line: number) =>
  new TemplateError('TemplateSyntaxError', `line ${line}: ${message}`);

/** The template uses something that Python or Jinja has and Pronk has not. */
export const unsupported = (what: string) =>
  new TemplateError('Unsupported', `it uses ${what}, which Pronk does not have`);
