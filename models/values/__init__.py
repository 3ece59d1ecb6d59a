"""Pure types of the domain: what a phone number, a mask, a price, a call are.

Owns: parsing, normalising and comparing values; the immutable routing snapshot's types; the CDR's records.
Must not: do I/O, read a clock, know a database, a web form or Asterisk. Standard library and `phonenumbers` only.
"""
