"""A complete Superset-like stack on loopback, which can be broken and mended on purpose.

The demo and the system tests share it, so that what a person sees is what the tests prove.
"""
