// Names of models and adapters as people see them. They come out of files, which may be anybody's.

/** Longer names are cut: no list has room for them. */
const LENGTH = 120;

/** Joiners that spelling needs: between letters (of scripts that have no use for them, none), and in one emoji of several. */
const JOINER =
  String.raw`(?<=[\p{L}\p{M}])(?<![\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Han}])[\u200c\u200d](?=[\p{L}\p{M}])` +
  String.raw`|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})`;
/** Controls, characters that turn the direction of what follows, and those that nobody sees. */
const HARMFUL = new RegExp(
  String.raw`(?:(?!${JOINER})[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])+`,
  'gu',
);
/** More accents than any script puts on a letter climb out of their line. */
const ACCENTS = /(\p{M}{4})\p{M}+/gu;

/** A name on one line, in the direction of its own letters, of a length that can be shown. */
export function shownName(name: string, otherwise = 'Unnamed'): string {
  // a cut leaves no more to look at than there is to see
  const plain = name
    .slice(0, 8 * LENGTH)
    .toWellFormed()
    .replace(HARMFUL, ' ')
    .replace(ACCENTS, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  if (plain === '') return otherwise;
  const letters = Array.from(plain);
  return letters.length > LENGTH
    ? `${letters
        .slice(0, LENGTH - 1)
        .join('')
        .replace(/[\u200c\u200d]$/, '')}…`
    : plain;
}
