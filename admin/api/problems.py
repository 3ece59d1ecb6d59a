"""What goes wrong, as RFC 9457 says it: `application/problem+json`, in the request's language.

Owns: the codes of the API's problems, their words, pydantic's complaints in ours. Must not: decide that something is
wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, jsonify, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from admin.api.marks import V1
from admin.problems import problem_text
from models.values.errors import InvalidValue

# Code: status, title. The code is the last part of the problem's `type`, an address where it is explained.
PROBLEMS: Final[dict[str, tuple[int, Any]]] = {
    "malformed": (400, _l("La petición no se entiende")),
    "unauthorized": (401, _l("Hace falta un token válido")),
    "forbidden": (403, _l("El token no permite esto")),
    "address_not_allowed": (403, _l("Dirección no permitida")),
    "not_dialled": (403, _l("No se llamó")),
    "not_found": (404, _l("No existe")),
    "method_not_allowed": (405, _l("Método no permitido")),
    "conflict": (409, _l("No se puede así como está")),
    "in_use": (409, _l("Se usa y no se puede eliminar")),
    "key_reused": (409, _l("Esa Idempotency-Key es de otra petición")),
    "not_answered_yet": (409, _l("Esa petición todavía no tiene respuesta")),
    "not_possible_now": (409, _l("Ahora no se puede")),
    "changed_meanwhile": (412, _l("Cambió mientras tanto")),
    "too_large": (413, _l("Demasiado grande")),
    "not_json": (415, _l("Hace falta JSON")),
    "invalid": (422, _l("Hay datos que no sirven")),
    "if_match_required": (428, _l("Falta If-Match")),
    "too_many_requests": (429, _l("Demasiadas peticiones")),
    "failed": (500, _l("Algo falló")),
    "away": (503, _l("No hay quien lo haga ahora")),
}
_BY_STATUS: Final = {
    400: "malformed", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    409: "conflict", 412: "changed_meanwhile", 413: "too_large", 415: "not_json", 422: "invalid",
    429: "too_many_requests", 503: "away",
}  # fmt: skip


class ApiProblem(Exception):
    """Leaves the view and becomes the answer. `errors`: what is wrong with each field."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(code)


def field_error(field: str, problem: InvalidValue) -> dict[str, str]:
    return {"field": field, "code": problem.code, "message": problem_text(problem)}


def invalid(*errors: Mapping[str, str]) -> ApiProblem:
    return ApiProblem("invalid", _("Mira «errors»: dice qué está mal en cada campo."), errors=errors)


def answer(problem: ApiProblem) -> Response:
    status, title = PROBLEMS[problem.code]
    told: dict[str, Any] = {
        "type": f"{V1}/docs#{problem.code}",
        "title": str(title),
        "status": status,
        "code": problem.code,
        "detail": problem.detail or str(title),
    }
    if problem.errors:
        told["errors"] = problem.errors
    response = jsonify(told)
    response.status_code = status
    response.mimetype = "application/problem+json"
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def of_http(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse by themselves."""
    code = _BY_STATUS.get(error.code or 500, "malformed" if (error.code or 500) < 500 else "failed")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    details = {
        "not_found": _("No hay nada en %(path)s.", path=request.path[:200]),
        "too_large": _("Lo que se envió pasa del tamaño permitido."),
        "method_not_allowed": _("Aquí no se puede %(method)s.", method=request.method[:20]),
    }
    return answer(ApiProblem(code, details.get(code, ""), headers=headers))


# ---------------------------------------------------------------- what pydantic says, in our words
def of_validation(error: ValidationError) -> ApiProblem:
    found = []
    for one in error.errors(include_url=False)[:50]:
        place = ".".join(str(part) for part in one["loc"] if not str(part).startswith(("function-", "constrained-")))
        found.append(field_error(place[:100], _of_pydantic(one)))
    return invalid(*found)


def _of_pydantic(one: Any) -> InvalidValue:
    kind, context = str(one["type"]), one.get("ctx") or {}
    value = str(one.get("input"))[:40]
    match kind:
        case "missing" | "string_too_short":
            return InvalidValue("required")
        case "extra_forbidden":
            return InvalidValue("unknown_field", name=str(one["loc"][-1])[:40])
        case "string_too_long":
            return InvalidValue("too_long", maximum=int(context["max_length"]), length=len(str(one.get("input"))))
        case "too_long":
            return InvalidValue("too_many", maximum=int(context["max_length"]))
        case "literal_error":
            return InvalidValue("not_a_choice", value=value, choices=str(context.get("expected", "")))
        case "greater_than_equal":
            return InvalidValue("at_least", minimum=str(context["ge"]), value=value)
        case "less_than_equal":
            return InvalidValue("at_most", maximum=str(context["le"]), value=value)
        case _ if kind.startswith(("datetime_", "timezone_")):
            return InvalidValue("not_an_instant", value=value)
        case _ if kind.startswith(("int_", "float_", "decimal_")):
            return InvalidValue("not_a_number", value=value)
        case "value_error" if isinstance(context.get("error"), InvalidValue):
            return context["error"]  # type: ignore[no-any-return]
        case _:
            return InvalidValue("wrong_type", value=value)
