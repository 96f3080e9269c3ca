"""Training of ``pocket``, the built-in model: from pictures, captions and a teacher to two ONNX towers.

Run ``python -m training --help``. Nothing here is imported by the library itself.
"""
