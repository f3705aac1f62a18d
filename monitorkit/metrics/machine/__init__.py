"""The machine: CPU, memory, GPUs."""
