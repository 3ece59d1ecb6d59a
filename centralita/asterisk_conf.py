"""Writes Asterisk's configuration: the templates of asterisk-conf/ and the dialplan, filled in, below the data folder.

Owns: `<root>/etc`, `<root>/data` (links to the sounds and music), and the other folders Asterisk runs in.
Must not: decide about calls, start anything, or write a secret into a file others can read.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import resource
import shutil
import socket
import string
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from centralita.embedded import AsteriskDist
from dialplan import extensions, messages, names

TEMPLATES = Path(__file__).resolve().parent.parent / "asterisk-conf"
ARI_USER = "centralita"
ARI_ADDRESS = "127.0.0.1"
# sun_path of a Unix socket holds 108 bytes, and Asterisk's `asterisk.ctl` must fit in.
LONGEST_RUN_DIR = 90


@dataclass(frozen=True)
class SwitchConfig:
    """What one switch is configured with. Ports are UDP/TCP port numbers, time-outs are seconds."""

    root: Path
    log_dir: Path
    ari_password: str = field(repr=False)
    ari_port: int = 8088
    agi_port: int = 4573
    sip_address: str = "127.0.0.1"
    sip_port: int = 5060
    rtp_start: int = 10000
    rtp_end: int = 19999
    trunk_addresses: tuple[str, ...] = ("127.0.0.1",)
    trunk_host: str = ""
    trunk_user: str = ""
    trunk_secret: str = field(default="", repr=False)
    demo: bool = True
    rtp_timeout_seconds: int = 60
    messages: bool = False
    watch_port: int = 8002
    """UDP on loopback: where the engine is told what the carrier answers to messages."""
    public_address: str = ""
    """Where a router in front of this machine shows it to browsers outside."""
    stun_server: str = ""

    @property
    def etc_dir(self) -> Path:
        return self.root / "etc"

    @property
    def main_file(self) -> Path:
        """The file for `asterisk -C`."""
        return self.etc_dir / "asterisk.conf"

    @property
    def ari_url(self) -> str:
        """ARI's address without a final slash, e.g. `http://127.0.0.1:8088/ari`."""
        return f"http://{ARI_ADDRESS}:{self.ari_port}/ari"

    @property
    def cel_file(self) -> Path:
        """The CEL record; its columns are `dialplan.names.CEL_COLUMNS`."""
        return self.log_dir / names.CEL_FILE

    @property
    def inbox(self) -> Path:
        """Where messages that came in wait for the engine."""
        return self.root / "spool" / names.MESSAGES_FOLDER

    @property
    def run_dir(self) -> Path:
        """Where the control socket and the process id lie: below the root, or elsewhere when that path is too long."""
        usual = self.root.resolve() / "run"
        if len(os.fsencode(usual)) <= LONGEST_RUN_DIR:
            return usual
        key = hashlib.sha256(os.fsencode(usual)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"centralita-{os.getuid()}-{key}"

    @property
    def self_address(self) -> str:
        """The address at which this switch reaches itself over SIP."""
        address = ipaddress.ip_address(self.sip_address)
        if not address.is_unspecified:
            return self.sip_address
        return "127.0.0.1" if address.version == 4 else "::1"

    @property
    def media_address(self) -> str:
        """The literal address put into SDP and bound for media: a name here would stall each call on DNS."""
        address = ipaddress.ip_address(self.sip_address)
        if not address.is_unspecified:
            return self.sip_address
        return outward_address(address.version)


class _Template(string.Template):
    """`%%{name}`: Asterisk's own `${...}` stays as it is."""

    delimiter = "%%"


def outward_address(version: int = 4) -> str:
    """The machine's own address towards the outside, found without sending anything; loopback when it has no route."""
    family, target, loopback = (
        (socket.AF_INET, "192.0.2.1", "127.0.0.1") if version == 4 else (socket.AF_INET6, "2001:db8::1", "::1")
    )
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return loopback


def write(config: SwitchConfig, dist: AsteriskDist) -> Path:
    """Writes everything Asterisk needs to start and gives the file for `asterisk -C`. Safe to repeat.

    Raises ValueError when a value can't stand in a configuration file, OSError when a folder can't be written.
    """
    places = {
        "etc_dir": config.etc_dir,
        "var_dir": config.root / "var",
        "spool_dir": config.root / "spool",
        "data_dir": config.root / "data",
        "run_dir": config.run_dir,
        "log_dir": config.log_dir,
    }
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if config.run_dir.stat().st_uid != os.getuid():
        raise PermissionError(f"{config.run_dir} belongs to another user")
    (config.log_dir / names.CEL_FILE).parent.mkdir(exist_ok=True, mode=0o700)
    # Asterisk does not make these: ARI's recordings and its keys.
    for folder in (places["spool_dir"] / "recording", places["var_dir"] / "keys", config.inbox):
        folder.mkdir(exist_ok=True, mode=0o700)
    _link_data(places["data_dir"], dist)
    values = {
        **{name: str(place.resolve()) for name, place in places.items()},
        "module_dir": str(dist.module_dir),
        "system_name": names.SYSTEM_NAME,
        "max_files": str(_most_files()),
        "sip_realm": names.SIP_REALM,
        "sip_bind": _host_port(config.sip_address, config.sip_port),
        "media_address": config.media_address,
        "context_trunk": names.CONTEXT_TRUNK,
        "context_messages": names.CONTEXT_MESSAGES if config.messages else names.CONTEXT_NO_MESSAGES,
        "watch_enabled": "yes" if config.messages else "no",
        "watch_port": str(config.watch_port),
        "watch_password": messages.watch_password(config.ari_password),
        "rtp_timeout": str(config.rtp_timeout_seconds),
        "rtp_timeout_hold": str(config.rtp_timeout_seconds * 5),
        "rtp_start": str(config.rtp_start),
        "rtp_end": str(config.rtp_end),
        "stun": f"stunaddr = {config.stun_server}" if config.stun_server else "",
        "public_candidate": _public_candidate(config),
        "channel_variables": ",".join(names.CHANNEL_VARIABLES),
        "ari_user": ARI_USER,
        "ari_password": config.ari_password,
        "ari_address": ARI_ADDRESS,
        "ari_port": str(config.ari_port),
        "cel_mapping": ",".join(f"${{CSV_QUOTE({expression})}}" for _, expression in names.CEL_COLUMNS),
    }
    for name, value in values.items():
        if re.search(r"[;\x00-\x1f\x7f]", value):
            raise ValueError(f"{name}: a semicolon or a control character can't stand in a configuration file")
    values["trunks"] = _trunks(config)
    inbox = str(config.inbox.resolve()) if config.messages else ""
    messages.check_folder(inbox)
    written = {"extensions.conf": extensions.render(demo=config.demo, agi_port=config.agi_port, inbox=inbox)}
    for template in sorted(TEMPLATES.glob("*.conf")):
        written[template.name] = _Template(template.read_text("utf-8")).substitute(values)
    written["modules.conf"] = _wanted_modules(written["modules.conf"], dist.module_dir, config.messages)
    for name, text in written.items():
        _write_private(config.etc_dir / name, text)
    for stale in set(config.etc_dir.glob("*.conf")) - {config.etc_dir / name for name in written}:
        stale.unlink()
    return config.main_file


def _public_candidate(config: SwitchConfig) -> str:
    """Browsers are told the public address beside the machine's own: those in the office use that one."""
    if not config.public_address:
        return ""
    own = outward_address(ipaddress.ip_address(config.public_address).version)
    return f"{own} => {config.public_address},include_local_address"


def _trunks(config: SwitchConfig) -> str:
    addresses = [str(ipaddress.ip_network(address, strict=False)) for address in config.trunk_addresses]
    trunk = names.ENDPOINT_TRUNK
    blocks = [f"[{trunk}](provider)"]
    if config.trunk_host:
        # Calls of ours go out here.
        blocks += [
            f"aors = {trunk}",
            *([f"outbound_auth = {trunk}", f"from_user = {config.trunk_user}"] if config.trunk_user else []),
        ]
        blocks += ["", f"[{trunk}]", "type = aor", f"contact = sip:{config.trunk_host}"]
        if config.trunk_user:
            blocks += ["", f"[{trunk}]", "type = auth", "auth_type = userpass", f"username = {config.trunk_user}"]
            blocks += [f"password = {config.trunk_secret}"]
    blocks.append("")
    if addresses:
        blocks += [
            f"[{names.ENDPOINT_TRUNK}]",
            "type = identify",
            f"endpoint = {names.ENDPOINT_TRUNK}",
            f"match = {','.join(addresses)}",
            "",
        ]
    if config.demo:
        # A trunk to ourselves: a demo call leaves here and comes back as a caller's real INVITE. It is known by our own
        # port as well as our address, so nobody else on this machine is taken for it.
        own = _host_port(config.self_address, config.sip_port)
        out, back = names.ENDPOINT_DEMO_TRUNK, names.ENDPOINT_DEMO_CALLER
        # A virtual phone says nothing, so there is no media by which to tell that it is gone.
        quiet = ("rtp_timeout = 0", "rtp_timeout_hold = 0")
        blocks += [
            f"[{out}](provider)",
            f"context = {names.CONTEXT_DEMO_CALLER}",
            f"aors = {out}",
            *quiet,
            "",
            f"[{out}]",
            "type = aor",
            f"contact = sip:{own}",
            "",
            f"[{back}](provider)",
            *quiet,
            "",
            f"[{back}]",
            "type = identify",
            f"endpoint = {back}",
            f"match = {own}",
            "",
        ]
    return "\n".join(blocks)


def _wanted_modules(text: str, module_dir: Path, messages: bool) -> str:
    """Leaves out the modules marked `; where present` that this Asterisk does not have, and those for messages."""
    kept = []
    for line in text.splitlines():
        match = re.fullmatch(r"(load = (\S+\.so)) ; (where present|with messages)", line)
        if match is None:
            kept.append(line)
        elif messages if match[3] == "with messages" else (module_dir / match[2]).exists():
            kept.append(match[1])
    return "\n".join(kept) + "\n"


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _most_files() -> int:
    """A call needs some six file descriptors; the soft limit is often 1024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)


def _link_data(data_dir: Path, dist: AsteriskDist) -> None:
    """Asterisk's data folder: links to the distribution's, and the sounds under their languages' names."""
    wanted = {entry.name: entry for entry in dist.data_dir.iterdir() if entry.name not in ("sounds", "moh")}
    if dist.moh_dir is not None:
        wanted["moh"] = dist.moh_dir
    wanted |= {f"sounds/{language}": folder for language, folder in dist.languages.items()}
    (data_dir / "sounds").mkdir(exist_ok=True)
    for link in (*data_dir.iterdir(), *(data_dir / "sounds").iterdir()):
        if link.is_symlink():
            link.unlink()
    for name, target in wanted.items():
        place = data_dir / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.symlink_to(target.resolve())


def _write_private(path: Path, text: str) -> None:
    """Replaces a file whole, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    fresh.replace(path)
