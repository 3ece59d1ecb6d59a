"""A POST with an `Idempotency-Key` is done once, however often it is sent.

Owns: the rows of `api_requests`. Must not: know a resource.

The key is taken before anything is done. What makes a row keeps its answer in the row's own transaction (`keep`): a
crash leaves both or neither, and a key that was taken without either may be taken again. A call that rang is no row:
its key stays taken, for nobody knows whether it rang.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from flask import Response, g, jsonify, request
from flask_babel import gettext as _
from peewee import IntegrityError
from werkzeug.exceptions import HTTPException

from admin.api import access
from admin.api.problems import ApiProblem, field_error, invalid
from admin.installation import installation
from models.db import transaction
from models.tables import ApiRequest, now
from models.values.errors import InvalidValue

KEPT: Final = timedelta(hours=24)
KEY_PATTERN: Final = "^[!-~]{1,64}$"
_ABANDONED: Final = timedelta(minutes=1)  # no request takes that long
_FORM: Final = re.compile(KEY_PATTERN)


def once(do: Callable[[], Any]) -> Any:
    """Does it, or answers what was answered when it was done. Raises ApiProblem."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return do()
    if not _FORM.fullmatch(key):
        raise invalid(field_error("Idempotency-Key", InvalidValue("wrong_type", value=key[:40])))
    taken = _take(key)
    if isinstance(taken, Response):
        return taken
    g.api_request = taken
    try:
        response = do()
    except (ApiProblem, HTTPException):
        # Nothing was done: the same key may come again, with what was wrong mended.
        ApiRequest.delete().where(ApiRequest.id == taken, ApiRequest.status.is_null()).execute()
        raise
    return response


def keep(status: int, body: dict[str, Any], *, etag: str = "", location: str = "") -> None:
    """What this request is answered, in the transaction of what it did. Without a key: nothing."""
    key = g.get("api_request")
    if key is not None:
        answer = {"body": body, "etag": etag, "location": location}
        ApiRequest.update(status=status, answer=answer).where(ApiRequest.id == key).execute()


def _take(key: str) -> int | Response:
    """The row that now stands for this request, or the answer of the one before."""
    told = f"{request.method} {request.path}\n".encode() + request.get_data()
    sha256 = hashlib.sha256(told).hexdigest()
    token = access.token()
    try:
        with transaction(installation().database):
            ApiRequest.delete().where(ApiRequest.created_at < now() - KEPT).execute()
            row = ApiRequest.get_or_none(ApiRequest.token == token, ApiRequest.key == key)
            if row is None:
                return int(ApiRequest.create(token=token, key=key, sha256=sha256).id)
            if row.sha256 != sha256:
                raise ApiProblem("key_reused", _("Con esa Idempotency-Key se envió otra cosa."))
            if row.status is not None:
                return _again(row)
            if now() - row.created_at > _ABANDONED and not request.path.endswith("/calls"):
                ApiRequest.update(created_at=now()).where(ApiRequest.id == row.id).execute()
                return int(row.id)
    except IntegrityError:
        pass  # taken in this moment by the same request, sent twice
    raise ApiProblem("not_answered_yet", headers={"Retry-After": "2"})


def _again(row: ApiRequest) -> Response:
    response = jsonify(row.answer["body"])
    response.status_code = row.status
    for name, value in (("ETag", row.answer["etag"]), ("Location", row.answer["location"])):
        if value:
            response.headers[name] = value
    response.headers["Idempotency-Replayed"] = "true"
    return response
