/*
 * Words as a POSIX shell writes them: quoting one, and splitting a line into them. Pure.
 *
 * Nothing is expanded: `$HOME` and `*` are letters here. Source: POSIX.1-2024, Shell Command
 * Language, 2.2 Quoting.
 */

/** The word as a shell takes it: bare where nothing in it means anything to a shell. */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The words of a line; undefined where a quote is not closed, or nothing follows a backslash. */
export function splitShellWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let rest = line;
  while (rest !== '') {
    const [whole = '', space, single, double, escaped, bare] = nextPart.exec(rest) ?? [];
    if (whole === '') return undefined;
    rest = rest.slice(whole.length);
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const unescaped = double?.replaceAll(/\\(["\\$`])/g, '$1');
    word = (word ?? '') + (single ?? unescaped ?? escaped ?? bare ?? '');
  }
  return word === undefined ? words : [...words, word];
}

const nextPart = /^(?:(\s+)|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+))/;
