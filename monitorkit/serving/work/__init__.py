"""Models at work: who waits, who predicts, what becomes of predictions; canaries, shadows and faults on purpose."""
