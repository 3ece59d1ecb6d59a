"""The REST API under `/api/v1`: the same rows and the same rules as the sections, for programs.

Owns: how a program is told apart from a person, what it may ask and how it is answered; one module a resource.
Must not: hold a rule of the account: every change goes through the section's own check, saving and audit (`saving`).
"""
