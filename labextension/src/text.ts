/** A stretch of text, in UTF-16 units: `[from, to)`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where a sticky pattern matches at `at`, if it does. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The end of the line that `at` stands in, before its line break. */
export function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}

/** The end of the quoted text that begins at `at`; one that is not closed ends with its line. */
export function quotedEnd(text: string, at: number): number {
  const quote = text[at];
  for (let pos = at + 1; pos < text.length; pos++) {
    if (text[pos] === '\\') {
      pos++;
    } else if (text[pos] === quote) {
      return pos + 1;
    } else if (text[pos] === '\n') {
      return pos;
    }
  }
  return text.length;
}

/** What is left of a stretch of text without others, which are in order and do not overlap. */
export function without(whole: Range, gaps: readonly Range[]): { from: number; to: number }[] {
  const rest: { from: number; to: number }[] = [];
  let { from } = whole;
  for (const gap of [...gaps, { from: whole.to, to: whole.to }]) {
    if (gap.from > from) {
      rest.push({ from, to: Math.min(gap.from, whole.to) });
    }
    from = Math.max(from, gap.to);
  }
  return rest;
}
