import type { Kernel } from '@jupyterlab/services';

const TARGET = 'monitorkit.promql';
// The completer has a limit of its own, one second unless set; this one ends what nobody waits for any more.
const REPLY_MS = 10_000;
// After the kernel has said that monitorkit is not loaded.
const RETRY_MS = 3000;

/** A place in a cell; the cursor counts code points, as kernels do. */
export interface Place {
  readonly code: string;
  readonly cursor: number;
}

/** What may stand at a place: these texts instead of the code points from `start` to `end`. */
export interface Completions {
  readonly start: number;
  readonly end: number;
  readonly items: readonly { readonly text: string; readonly type: string }[];
}

interface Answers {
  complete: Completions;
  inspect: string;
}

/** Asks one kernel over a comm, for which it has a thread of its own, if it can: it answers while a cell runs. */
export class KernelAnswers {
  private comm: Kernel.IComm | null = null;
  private opened: Promise<void> = Promise.resolve();
  private notBefore = 0;
  private lastId = 0;
  private readonly waiting = new Map<number, (answer: unknown) => void>();

  constructor(private readonly kernel: Kernel.IKernelConnection) {}

  /** The answer, or null if there is none, or none in time. */
  async ask<Method extends keyof Answers>(method: Method, place: Place): Promise<Answers[Method] | null> {
    const comm = this.current();
    if (!comm) {
      return null;
    }
    const id = ++this.lastId;
    const answer = new Promise<unknown>(resolve => {
      const timer = setTimeout(() => this.settle(id, null), REPLY_MS);
      this.waiting.set(id, value => {
        clearTimeout(timer);
        resolve(value);
      });
    });
    await this.opened;
    if (!comm.isDisposed) {
      comm.send({ id, method, code: place.code, cursor: place.cursor });
    }
    return (await answer) as Answers[Method] | null;
  }

  private current(): Kernel.IComm | null {
    if (this.comm && !this.comm.isDisposed) {
      return this.comm;
    }
    if (Date.now() < this.notBefore || !this.kernel.handleComms) {
      return null;
    }
    const comm = this.kernel.createComm(TARGET);
    comm.onMsg = message => {
      const { id, answer } = message.content.data as { id: number; answer: unknown };
      this.settle(id, answer);
    };
    comm.onClose = () => this.closed();
    this.opened = open(comm, this.kernel);
    this.comm = comm;
    return comm;
  }

  private closed(): void {
    this.comm = null;
    // Closed with a question open, it was refused; else the kernel's side was loaded anew.
    this.notBefore = this.waiting.size ? Date.now() + RETRY_MS : 0;
    [...this.waiting.keys()].forEach(id => this.settle(id, null));
  }

  private settle(id: number, answer: unknown): void {
    const resolve = this.waiting.get(id);
    this.waiting.delete(id);
    resolve?.(answer);
  }
}

/** Open a comm once its thread is there: what is sent before goes to the thread that runs the cells. */
async function open(comm: Kernel.IComm, kernel: Kernel.IKernelConnection): Promise<void> {
  if (kernel.supportsSubshells) {
    // Not in the interface; JupyterLab before 4.5 lacks it.
    const { subshellStarted } = comm as { subshellStarted?: Promise<void> };
    await subshellStarted?.catch(() => undefined);
  }
  if (!comm.isDisposed) {
    comm.open();
  }
}
