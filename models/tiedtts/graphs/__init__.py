"""Graphs of other programs in ONNX: their weights as layers that can be tied, and ties as operations.

Everything here needs the package `onnx`.
"""
