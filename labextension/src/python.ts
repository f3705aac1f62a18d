import { lineEnd, quotedEnd } from './text.js';

/** Walks over Python text and knows where a line magic may stand: where a statement begins. */
export class PythonLines {
  private depth = 0;
  private continued = false;

  constructor(
    private readonly text: string,
    /** The beginning of a line. */
    public pos = 0
  ) {}

  get done(): boolean {
    return this.pos >= this.text.length;
  }

  /** Whether a statement can begin here: not in brackets, not in a string, not after a backslash. */
  get atStatement(): boolean {
    return this.depth === 0 && !this.continued;
  }

  /** Go over one line of Python, and over the lines that a string in it spans. */
  skipLine(): void {
    const { text } = this;
    this.continued = false;
    while (this.pos < text.length) {
      const character = text[this.pos]!;
      if (character === '\n') {
        this.pos++;
        return;
      }
      if (character === '\\' && text[this.pos + 1] === '\n') {
        this.continued = true;
        this.pos += 2;
        return;
      }
      if (character === '#') {
        this.pos = lineEnd(text, this.pos);
      } else if (character === '"' || character === "'") {
        this.pos = stringEnd(text, this.pos);
      } else {
        this.count(character);
        this.pos++;
      }
    }
  }

  private count(character: string): void {
    if ('([{'.includes(character)) {
      this.depth++;
    } else if (')]}'.includes(character)) {
      this.depth = Math.max(0, this.depth - 1);
    }
  }
}

/** The end of the Python string that begins at `at`; a triple-quoted one that is not closed takes the rest. */
function stringEnd(text: string, at: number): number {
  const triple = text[at]!.repeat(3);
  if (!text.startsWith(triple, at)) {
    return quotedEnd(text, at);
  }
  for (let pos = at + 3; pos < text.length; pos++) {
    if (text[pos] === '\\') {
      pos++;
    } else if (text.startsWith(triple, pos)) {
      return pos + 3;
    }
  }
  return text.length;
}
