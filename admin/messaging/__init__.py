"""SMS in the web: the chat that the desk and the administrators share, and the providers over HTTP.

Owns: both. Must not: send over the trunk (`ari_app.messages`), or write a message's row by itself (`models.messages`).
"""
