"""Kernels of which every thread computes the element whose number it bears, as fragment shaders do."""
