"""Is this request for the API?

Owns: the question, which the session, the languages and the errors' pages ask. Must not: import anything of the admin.
"""

from typing import Final

from flask import has_request_context, request

ROOT: Final = "/api/"
V1: Final = "/api/v1"


def is_for_api() -> bool:
    return has_request_context() and request.path.startswith(ROOT)
