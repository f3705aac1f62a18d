import { delimitedIndent, foldInside, foldNodeProp, indentNodeProp, LanguageSupport, LRLanguage } from '@codemirror/language';
import { styleTags, tags } from '@lezer/highlight';
import { parser } from '@prometheus-io/lezer-promql';

/**
 * The colours of PromQL. The grammar's own tags for metrics and functions are ones that JupyterLab's style has no rule
 * for, so that these would stay black.
 */
const colours = styleTags({
  'VectorSelector/Identifier MetricName/Identifier': tags.special(tags.variableName),
  'FunctionIdentifier/...': tags.standard(tags.variableName),
  'AggregateOp/...': tags.keyword,
  'LabelName QuotedLabelName': tags.propertyName,
  StringLiteral: tags.string,
  NumberDurationLiteral: tags.number,
  'NumberDurationLiteralInDurationContext MatrixSelector/NumberDurationLiteralInDurationContext': tags.atom,
  'By Without Bool On Ignoring GroupLeft GroupRight Offset And Or Unless': tags.keyword,
  'MatchOp/...': tags.operator
});

export const promqlLanguage = LRLanguage.define({
  name: 'promql',
  parser: parser.configure({
    props: [
      colours,
      indentNodeProp.add({
        'FunctionCallBody GroupingLabels ParenExpr': delimitedIndent({ closing: ')' }),
        LabelMatchers: delimitedIndent({ closing: '}' })
      }),
      foldNodeProp.add({ 'FunctionCallBody LabelMatchers ParenExpr': foldInside })
    ]
  }),
  languageData: {
    commentTokens: { line: '#' },
    closeBrackets: { brackets: ['(', '[', '{', '"', "'", '`'] },
    wordChars: ':'
  }
});

/** PromQL as a language of its own, for files. */
export function promql(): LanguageSupport {
  return new LanguageSupport(promqlLanguage);
}
