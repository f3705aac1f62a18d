import type { CompletionHandler, Completer, ICompletionContext, ICompletionProvider } from '@jupyterlab/completer';
import type { Kernel } from '@jupyterlab/services';
import { KernelAnswers, type Place } from './kernel.js';
import { magicAt } from './magics.js';

type Reply = CompletionHandler.ICompletionItemsReply;
type Item = CompletionHandler.ICompletionItem;

/** Completes in PromQL, and nowhere else. What is being typed, the kernel finds out: this asks and hands on. */
export class PromQLCompletion implements ICompletionProvider {
  readonly identifier = 'monitorkit:promql';
  /** Above the kernel's own provider (550): of two equal entries the one with documentation stays. */
  readonly rank = 900;
  readonly renderer = null;
  private readonly kernels = new WeakMap<Kernel.IKernelConnection, KernelAnswers>();

  isApplicable(context: ICompletionContext): Promise<boolean> {
    const { editor, session } = context;
    if (!editor || !session?.kernel) {
      return Promise.resolve(false);
    }
    // From the text: the editor's syntax tree may lag behind.
    const cursor = editor.getOffsetAt(editor.getCursorPosition());
    return Promise.resolve(magicAt(editor.model.sharedModel.getSource(), cursor) !== null);
  }

  async fetch(request: CompletionHandler.IRequest, context: ICompletionContext): Promise<Reply> {
    const place = { code: request.text, cursor: request.offset };
    const found = await this.answers(context)?.ask('complete', place);
    if (!found) {
      return { start: request.offset, end: request.offset, items: [] };
    }
    const items = found.items.map(({ text, type }) => ({ label: text, insertText: text, type }));
    return { start: found.start, end: found.end, items };
  }

  /** Documentation, asked for the chosen entry alone, as if it stood in the cell already. */
  async resolve(item: Item, context: ICompletionContext, patch?: Completer.IPatch | null): Promise<Item> {
    const code = context.editor?.model.sharedModel.getSource();
    if (code === undefined || !patch) {
      return item;
    }
    const documentation = await this.answers(context)?.ask('inspect', patched(code, patch));
    return documentation ? { ...item, documentation } : item;
  }

  private answers(context: ICompletionContext): KernelAnswers | undefined {
    const kernel = context.session?.kernel;
    if (kernel && !this.kernels.has(kernel)) {
      this.kernels.set(kernel, new KernelAnswers(kernel));
    }
    return kernel ? this.kernels.get(kernel) : undefined;
  }
}

function patched(code: string, { start, end, value }: Completer.IPatch): Place {
  const before = code.slice(0, start) + value;
  return { code: before + code.slice(end), cursor: [...before].length };
}
