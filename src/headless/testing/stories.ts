// The trained model stories260K, which tests are skipped without.

export const FOLDER = '../shared/data/stories260K';
export const GGUF = `${FOLDER}/stories260K-F16.gguf`;
/** What karpathy/llama2.c's test expects of this model; the beginning, to the byte. */
export const GOLDEN =
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. ' +
  'One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n' +
  "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. " +
  'She said, "I want to play with your ball, but I can\'t find it."\n';
