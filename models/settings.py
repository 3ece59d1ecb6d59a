"""The settings of an installation: read once at start, immutable, each with a description.

Owns: names, defaults, checks, and the text of docs/settings.md. Must not: hold secrets (`models.secrets`) or what an
administrator changes on a page (`models.tables.account`).

A setting is CENTRALITA_<NAME> in the environment, or the same name in the file <data_dir>/centralita.env (another file:
CENTRALITA_CONFIG). The environment wins. An unknown or invalid name is refused at start.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from models.values.errors import InvalidValue
from models.values.money import check_currency
from models.values.phone import is_region
from models.values.trunk import NumberForm

PREFIX: Final = "CENTRALITA_"
CONFIG_VARIABLE: Final = PREFIX + "CONFIG"
FILE_NAME: Final = "centralita.env"
LANGUAGES: Final = ("es", "en")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(Exception):
    """Settings that cannot be used. `problems` maps each environment name to what is expected of it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("\n".join(f"{name}: {text}" for name, text in self.problems.items()))


class Settings(BaseSettings):
    """Every setting. Make one with `load()`; tests may call the class with keyword arguments."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(Path("var"), description="Folder of the database, secrets, logs and uploads.")
    database_url: str = Field(
        "",
        repr=False,
        description="Database: empty is SQLite in the data folder; sqlite:///path, or postgresql://user:password@host/name.",
    )
    host: str = Field("127.0.0.1", description="Address on which the web, the desk's websocket and control listen.")
    web_port: Port = Field(8000, description="Port of the web admin and the desk's pages, 1 to 65535.")
    desk_port: Port = Field(8001, description="Port of the desks' websocket, 1 to 65535.")
    tls: Literal["off", "own", "files"] = Field(
        "off",
        description="TLS of web and websocket: off, own (a certificate made here) or files (the next two).",
    )
    tls_cert_file: Path | None = Field(None, description="Certificate with its chain, PEM; read anew when it changes.")
    tls_key_file: Path | None = Field(None, description="Its private key, PEM without a password.")
    tls_names: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names and addresses that the own certificate is for too, separated by commas."
    )
    control_port: Port = Field(
        8002, description="Port of the engine's control, always on loopback, 1 to 65535; UDP too."
    )
    agi_port: Port = Field(4573, description="Port of the FastAGI server, always on loopback, 1 to 65535.")
    ari_port: Port = Field(8088, description="Port of Asterisk's HTTP and ARI, always on loopback, 1 to 65535.")
    sip_address: str = Field("127.0.0.1", description="IP address on which Asterisk listens for SIP and media.")
    sip_port: Port = Field(5060, description="Port on which Asterisk listens for SIP over UDP and TCP, 1 to 65535.")
    rtp_start: int = Field(10000, ge=1024, le=65534, description="First UDP port for media, 1024 to 65534.")
    rtp_end: int = Field(19999, ge=1025, le=65535, description="Last UDP port for media, above the first.")
    trunk_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1",),
        description="IP addresses or networks from which the carrier's calls come, separated by commas.",
    )
    trunk_host: str = Field(
        "", description="The carrier's host, or host:port, to which calls go out; empty: no calls outside."
    )
    trunk_user: str = Field("", description="User name with which the carrier wants calls authenticated; empty: none.")
    trunk_secret_file: Path | None = Field(None, description="File that holds the password of that user.")
    trunk_caller_id: str = Field(
        "", description="Number shown to whom is called, where the call center has none of its own."
    )
    trunk_number_form: NumberForm = Field(
        NumberForm.E164, description="How the carrier wants numbers: e164 (+506…), plain (506…) or national."
    )
    trunk_prefix: str = Field("", description="Digits sent before every number.")
    trunk_international_prefix: str = Field(
        "00", description="Digits sent before a number abroad, where the form is national."
    )
    trunk_messages: bool = Field(
        False, description="The carrier takes and brings SMS as SIP MESSAGE over the trunk: true or false."
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks of the reverse proxies whose X-Forwarded-For is believed, separated by commas."
    )
    webhook_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Private networks to which webhooks may be sent, also over http, separated by commas; empty: none.",
    )
    public_desk_url: str = Field(
        "", description="Websocket address that browsers use, ws:// or wss://; empty is derived from host and port."
    )
    public_address: str = Field(
        "",
        description="IP address at which a router shows this machine to agents outside, for their media; empty: none.",
    )
    stun_server: str = Field(
        "",
        description="STUN server (host:port) asked by Asterisk and browsers for their own address; empty: none.",
    )
    asterisk: str = Field("", description="Path of an installed asterisk program; empty finds or fetches one.")
    region: str = Field("CR", description="Country of a new account, ISO 3166, for reading phone numbers.")
    language: Literal["es", "en"] = Field("es", description="Language of a new account's screens: es or en.")
    timezone: str = Field("America/Costa_Rica", description="Time zone of a new account, IANA name.")
    currency: str = Field("CRC", description="Currency of a new account, ISO 4217.")
    demo: bool = Field(True, description="Fill a new account with demonstration data: true or false.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )
    pop_ack_ms: int = Field(
        150, ge=0, le=5000, description="Longest wait for a desk to acknowledge a screen pop before ringing, ms."
    )
    sip_refer: bool = Field(
        False,
        description="Phones may transfer with their own key (SIP REFER). Off: Asterisk 22.10.1 dies of a REFER with "
        "Refer-Sub: false, see docs/asterisk-notes.md; the codes and the desk's button do the same.",
    )
    heartbeat_seconds: int = Field(15, ge=1, le=300, description="Time between the websocket's heartbeats, s.")
    reconnect_grace_seconds: int = Field(
        30, ge=0, le=600, description="Time an agent whose connection was lost keeps the state, s."
    )
    phone_back_seconds: int = Field(
        45, ge=5, le=600, description="Time a conversation waits for an agent whose page went away with their phone, s."
    )
    smtp_url: str = Field(
        "",
        repr=False,
        description="Outgoing mail: smtp://, smtps:// or smtp+starttls://user:password@host:port; empty sends none.",
    )
    mail_from: str = Field("", description="Sender's address of outgoing mail.")
    recording_min_free_mb: int = Field(
        1024, ge=0, le=10_000_000, description="Free space below which no conversation is recorded, MB; calls go on."
    )
    token_seconds: int = Field(60, ge=5, le=3600, description="Life of a token that opens the desk's websocket, s.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments only: `load` reads the environment and the file, so that it can name every mistake."""
        return (init_settings,)

    @field_validator("trunk_addresses", "trusted_proxies", "webhook_networks", "tls_names", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trunk_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            try:
                ipaddress.ip_network(part)
            except ValueError as error:
                raise ValueError(f"{part!r} is not an IP address or network") from error
        return value

    @field_validator("host", "sip_address")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            ipaddress.ip_address(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not an IP address") from error
        return value

    @field_validator("tls_names")
    @classmethod
    def _tls_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            # A host name of labels (RFC 1123 section 2.1), perhaps with a star for the first; or an address.
            if not re.fullmatch(r"(\*\.)?[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", name):
                cls._address(name)
        return value

    @field_validator("language", "region", "currency", "log_level", mode="before")
    @classmethod
    def _case(cls, value: Any, info: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.strip().lower() if info.field_name == "language" else value.strip().upper()

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        if not is_region(value):
            raise ValueError(f"{value!r} is not a country code such as CR")
        return value

    @field_validator("trunk_host")
    @classmethod
    def _host(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?", value):
            raise ValueError("must be a host name or IP address, with :port where it is not 5060")
        return value

    @field_validator("public_address")
    @classmethod
    def _public_address(cls, value: str) -> str:
        return cls._address(value) if value else value

    @field_validator("stun_server")
    @classmethod
    def _stun_server(cls, value: str) -> str:
        if value and not re.fullmatch(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}", value):
            raise ValueError("must be host:port")
        return value

    @field_validator("trunk_user")
    @classmethod
    def _user(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9_.+@-]{1,64}", value):
            raise ValueError("letters, digits and _ . + @ - only")
        return value

    @field_validator("trunk_caller_id", "trunk_prefix", "trunk_international_prefix")
    @classmethod
    def _digits(cls, value: str) -> str:
        if not re.fullmatch(r"\+?[0-9*#]{0,20}", value):
            raise ValueError("digits only")
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is not a time zone such as America/Costa_Rica")
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        try:
            return check_currency(value)
        except InvalidValue as error:
            raise ValueError(error.message) from error

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("sqlite", "postgresql", "postgres", "psycopg3"):
            raise ValueError("must begin with sqlite:///, postgresql:// or psycopg3://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname):
            raise ValueError("must begin with smtp://, smtps:// or smtp+starttls://")
        return value

    @field_validator("public_desk_url")
    @classmethod
    def _desk_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("ws", "wss") or not urlsplit(value).hostname):
            raise ValueError("must begin with ws:// or wss:// and a host")
        return value

    @model_validator(mode="after")
    def _certificate(self) -> "Settings":
        if self.tls == "files" and self.tls_cert_file is None:
            raise ValueError("tls_cert_file: is needed with CENTRALITA_TLS=files")
        if self.tls == "files" and self.tls_key_file is None:
            raise ValueError("tls_key_file: is needed with CENTRALITA_TLS=files")
        return self

    @model_validator(mode="after")
    def _ports(self) -> "Settings":
        if self.rtp_end <= self.rtp_start:
            raise ValueError("rtp_end: must be above rtp_start")
        ports = ("web_port", "desk_port", "control_port", "agi_port", "ari_port")
        named = {name: getattr(self, name) for name in ports}
        for name, port in named.items():
            for other, taken in named.items():
                if other < name and port == taken:
                    raise ValueError(f"{name}: {port} is also {PREFIX}{other.upper()}")
        return self

    @model_validator(mode="after")
    def _messages(self) -> "Settings":
        if self.trunk_messages and not self.trunk_host:
            raise ValueError("trunk_messages: needs trunk_host, to which they go out")
        return self

    @property
    def database(self) -> str:
        """The database's URL, never empty."""
        return self.database_url or "sqlite:///" + quote(str(self.data_dir / "centralita.db"))

    @property
    def certificate_files(self) -> tuple[Path, Path] | None:
        """The certificate and its key that web and websocket are served with; None: without TLS."""
        if self.tls == "files" and self.tls_cert_file and self.tls_key_file:
            return self.tls_cert_file, self.tls_key_file
        own = self.data_dir / "tls"
        return (own / "certificate.pem", own / "certificate.key") if self.tls == "own" else None

    @property
    def secrets_file(self) -> Path:
        return self.data_dir / "secrets.json"

    @property
    def asterisk_log_dir(self) -> Path:
        """Where Asterisk writes its logs and the CEL record."""
        return self.data_dir / "log" / "asterisk"

    @property
    def spool_dir(self) -> Path:
        """Where Asterisk records; `centralita.asterisk_conf` configures it."""
        return self.data_dir / "asterisk" / "spool"

    @property
    def desk_url(self) -> str:
        """Where a browser opens the desk's websocket, when it uses the web on the same host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_desk_url or f"{'ws' if self.tls == 'off' else 'wss'}://{host}:{self.desk_port}/"


def environment_name(field: str) -> str:
    return PREFIX + field.upper()


def load(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> Settings:
    """Settings of the environment and the file. Raises SettingsError naming every wrong or unknown name."""
    variables = dict(os.environ if environ is None else environ)
    given = {name: value for name, value in variables.items() if name.upper().startswith(PREFIX)}
    path = config or (Path(given[CONFIG_VARIABLE]) if given.get(CONFIG_VARIABLE) else None)
    problems: dict[str, str] = {}
    explicit = path is not None
    if path is None:
        path = Path(given.get(environment_name("data_dir")) or "var") / FILE_NAME
    from_file: dict[str, str] = {}
    if path.is_file():
        try:
            from_file = {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
        except (OSError, UnicodeDecodeError) as error:
            problems[CONFIG_VARIABLE] = f"{path} cannot be read: {error}"
    elif explicit:
        problems[CONFIG_VARIABLE] = f"{path} is not a file"

    known = {environment_name(field): field for field in Settings.model_fields}
    values: dict[str, str] = {}
    for source, where in ((from_file, f" in {path}"), (given, "")):
        for name, value in source.items():
            if name == CONFIG_VARIABLE and not where:
                continue
            if name not in known:
                problems[name] = f"unknown setting{where}{_nearest(name, known)}"
            else:
                values[known[name]] = value
    if from_file.get(environment_name("data_dir")) and not explicit:
        problems[environment_name("data_dir")] = f"cannot be set in {path}, which lies in it"
    try:
        settings = Settings(**values)  # type: ignore[arg-type]  # pydantic reads the text
    except ValidationError as error:
        for detail in error.errors():
            field = str(detail["loc"][0]) if detail["loc"] else ""
            text = detail["msg"].removeprefix("Value error, ")
            if not field:
                field, _, text = text.partition(": ")
            described = Settings.model_fields[field].description or ""
            # These URLs may carry a password: they are never repeated.
            shown = "" if field in ("database_url", "smtp_url") else f", not {values.get(field, '')!r}"
            problems[environment_name(field)] = f"{text}{shown}. Expected: {described}"
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return settings


def _nearest(name: str, known: Mapping[str, str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.upper(), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def document() -> str:
    """The text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by `python -m models.settings`; a test keeps it current. -->",
        "",
        f"Each is an environment variable, or a line `NAME=value` in the file `<data_dir>/{FILE_NAME}`",
        f"(another file: `{CONFIG_VARIABLE}`). The environment wins. An unknown or invalid name is refused at start.",
        "",
        "| name | default | meaning |",
        "|---|---|---|",
    ]
    for field, info in Settings.model_fields.items():
        default = info.default
        if isinstance(default, tuple):
            shown = ",".join(str(part) for part in default)
        elif isinstance(default, bool):
            shown = str(default).lower()
        else:
            shown = str(default)
        lines.append(f"| `{environment_name(field)}` | {f'`{shown}`' if shown else 'empty'} | {info.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
