"""What targets that make code for GPUs share: the description of a device, the strategy that schedules kernels for it,
the way down to its kernels, and the program of the host."""
