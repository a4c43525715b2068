// Ids that end an answer of a GGUF file: its keys name some, and llama.cpp knows others by their spelling, since many
// converters named the end of a text and not the end of a turn.

/** Spellings that end an answer wherever they are in a vocabulary. */
const ENDS =
  '<|eot_id|> <|im_end|> <|end|> <|return|> <|call|> <|flush|> <|calls|> <end_of_turn> <|endoftext|> </s> <|eom_id|> <EOT> _<EOT> [EOT] [EOS] <|end_of_text|> <end_of_utterance> <eos> <turn|> <|tool_response> <｜end▁of▁sentence｜> [e~['.split(
    ' ',
  );

/** What ends a file, a repository or the filling of a gap, unless a key names another. */
const FILL_ENDS = {
  fim_pad: ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'],
  fim_rep: ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'],
  fim_sep: ['<|file_sep|>'],
} as const;

/**
 * Ids that end an answer, the end of a text first and then the end of a turn.
 * @param idOf the id that a key of the header names, such as `eos`
 */
export function endsOf(tokens: readonly string[], idOf: (key: string) => number | undefined): number[] {
  // of equal spellings the last counts
  const ids = new Map(tokens.map((text, id) => [text, id]));
  const spelled = (texts: readonly string[]) => texts.map((text) => ids.get(text)).filter((id) => id !== undefined);
  const named = ['eos', 'eot', 'eom'].map(idOf).filter((id) => id !== undefined);
  const filling = Object.entries(FILL_ENDS).flatMap(([key, texts]) => idOf(key) ?? spelled(texts).slice(0, 1));
  const ends = new Set([...named, ...spelled(ENDS), ...filling]);
  const has = (text: string) => ids.has(text) && ends.has(ids.get(text) ?? -1);
  const drop = (text: string) => ends.delete(ids.get(text) ?? -1);
  // OpenAI's and Solar's forms have messages that end within an answer, Gemma's a tag of that name
  if (has('<|call|>') || has('<|calls|>')) if (has('<|return|>') || has('<|flush|>')) drop('<|end|>');
  if (has('<|tool_response>')) drop('</s>');
  return Array.from(ends);
}
