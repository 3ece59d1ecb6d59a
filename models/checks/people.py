"""Checks of the account, users, groups, pause reasons and IP rules."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from models.checks.base import Check, Checked, clean_email
from models.settings import LANGUAGES
from models.tables import Account, Agent, AgentGroup, IpRule, PauseReason, name_key
from models.values.call import PhoneKind, Role
from models.values.errors import InvalidValue
from models.values.ip import IpMask
from models.values.money import check_currency
from models.values.phone import is_region

MIN_ENDPOINT: Final = 2
MAX_ENDPOINT: Final = 16


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise InvalidValue("language_unknown", value=text, choices=", ".join(LANGUAGES))
    return text


def check_account(data: Mapping[str, Any], row: Account | None = None) -> Checked:
    def region(text: str) -> str:
        if not is_region(text.upper()):
            raise InvalidValue("region_unknown", value=text)
        return text.upper()

    def timezone(text: str) -> str:
        if text not in available_timezones():
            raise InvalidValue("timezone_unknown", value=text)
        return text

    check = Check(Account, data, row)
    check.text("name", required=True)
    check.parsed("region", region, required=True)
    check.parsed("language", _language, required=True)
    check.parsed("timezone", timezone, required=True)
    check.parsed("currency", check_currency, required=True)
    return check.result


def _endpoint(text: str) -> str:
    digits = "".join(character for character in text if character not in " -.")
    if not (digits.isascii() and digits.isdigit() and MIN_ENDPOINT <= len(digits) <= MAX_ENDPOINT):
        raise InvalidValue("endpoint_invalid", value=text)
    return digits


def check_agent(data: Mapping[str, Any], row: Agent | None = None) -> Checked:
    """A user. The last active administrator can neither be deactivated nor lose the role."""
    check = Check(Agent, data, row)
    check.text("name", required=True)
    email = check.parsed("email", clean_email, required=True)
    if email:
        check.values["email_key"] = name_key(email)
        check.unique("email", "email_key", name_key(email), email)
    endpoint = check.parsed("endpoint", _endpoint, null=True)
    check.unique("endpoint", "endpoint", endpoint)
    check.flag("click2dial")
    check.choice("role", Role)
    check.flag("active")
    check.choice("phone_kind", PhoneKind)
    check.parsed("language", _language, null=True)
    stays = check.values.get("role") == Role.ADMINISTRATOR and check.values["active"]
    if row is not None and row.role == Role.ADMINISTRATOR and row.active and not stays:
        others = Agent.select().where(Agent.role == Role.ADMINISTRATOR, Agent.active == True, Agent.id != row.id)  # noqa: E712
        if not others.exists():
            field = "role" if check.values.get("role") != Role.ADMINISTRATOR else "active"
            check.refuse(field, InvalidValue("last_administrator"))
    return check.result


def check_agent_group(data: Mapping[str, Any], row: AgentGroup | None = None) -> Checked:
    check = Check(AgentGroup, data, row)
    check.name()
    return check.result


def check_pause_reason(data: Mapping[str, Any], row: PauseReason | None = None) -> Checked:
    check = Check(PauseReason, data, row)
    check.name()
    check.flag("active")
    check.integer("position", 0, 10_000)
    return check.result


def check_ip_rule(data: Mapping[str, Any], row: IpRule | None = None) -> Checked:
    """Address and mask; `network` is what they mean together. An error stands beside the one that is wrong."""
    check = Check(IpRule, data, row)
    address, mask = check.text("address", required=True), check.text("mask")
    if check.result.errors:
        return check.result
    try:
        parsed = IpMask.parse(address, mask)
    except InvalidValue as problem:
        check.refuse("mask" if problem.code.startswith("ip_mask") and mask else "address", problem)
        return check.result
    check.values.update(address=parsed.address, mask=parsed.mask, network=str(parsed))
    check.unique("address", "network", str(parsed))
    return check.result
