"""Compiled kernels: arrays in, arrays out, nothing else.

A kernel knows no file, no law and no raster type. Output arrays are allocated by the caller (numpy
asks for huge pages, compiled code does not) and passed last. Lengths are checked on entry and
refused with ``ValueError``, since compiled code does not check its indices.
"""
