"""What is remembered: values, tables, settings, secrets, and the routing snapshot made of them.

Owns: the meaning of data and how it is kept. Must not: speak to Asterisk, serve pages, or import the packages above.
"""
