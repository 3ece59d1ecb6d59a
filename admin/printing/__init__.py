"""Printing: what a slip says, the writers for each kind of printer, the part of `jobs` that prints, the pages.

Owns: all between a job (`models.print_jobs`) and the paper. Must not: hold up a call or a save: what is printed is
asked for in the transaction of what it tells, and printed by `jobs`.
"""
