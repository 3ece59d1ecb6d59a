"""The web: the thirteen sections of the administration, log-in, and the agent's desk.

Owns: everything a browser is served. Must not: speak ARI (it asks the engine's control API) or decide about calls.
"""
