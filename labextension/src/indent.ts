import { indentService } from '@codemirror/language';
import { countColumn } from '@codemirror/state';

const LINE_MAGIC = /^[ \t]*(?:[\w., \t]+=[ \t]*)?%promql(?!\w)/;

/** Enter after a line magic keeps its indentation: Python does not see it, and a loop above it seems to have no body. */
export const keepIndent = indentService.of((context, pos) => {
  if (context.simulatedBreak !== pos) {
    return undefined;
  }
  const { text } = context.state.doc.lineAt(pos);
  return LINE_MAGIC.test(text) ? countColumn(text, context.state.tabSize, text.search(/\S/)) : undefined;
});
