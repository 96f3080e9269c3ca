"""Engines that people search vectors with, behind one small interface, so that they can be timed over the same vectors.

The others run in the interpreter of an environment of their own, which has them and not ilk.
"""
